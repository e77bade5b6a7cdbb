-- BitPay: invoices, refunds, rates, ledgers and tokens over the RPC interface (one POST endpoint, methods by name).
-- Protocol: bitpay/cordova-sdk docs/api.md for the methods ("the documentation" below), lib/rpc-client.js for the wire.

local INVOICE_STATUS = {
  new = "pending", paid = "processing", confirmed = "paid", complete = "paid", expired = "expired", invalid = "failed",
}
-- "pending" is documented; the others are the words of BitPay's later REST interface. Any other word counts as pending.
local REFUND_STATUS = {
  pending = "pending", created = "pending", preview = "pending",
  success = "succeeded", failure = "failed", cancelled = "cancelled", canceled = "cancelled",
}
-- Of refund: "six confirmations in the blockchain before a refund can be requested"; of creditPartialPayment and
-- creditOverpayment: "Must be done after six confirmations".
local NEEDED_CONFIRMATIONS = 6
local DAY_MS = 24 * 60 * 60 * 1000
local NUMBERS = {price = true, amount = true}

local function object(value)
  return type(value) == "table" and value ~= json.null and value or {}
end

local function plain_text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- The objects of a list. Anything else in it is left out.
local function records(list)
  local found = {}
  for _, item in ipairs(object(list)) do
    if type(item) == "table" and item ~= json.null then
      found[#found + 1] = item
    else
      log.warn("a list holds something else than objects")
    end
  end
  return found
end

-- A number as decimal text; nil for anything else.
local function decimal_text(value)
  return value ~= json.null and pcall(json.number, value) and tostring(value) or nil
end

local function integer(value)
  return type(value) == "number" and value or nil
end

local function time_of(value)
  return plain_text(value) and time.parse(value) or nil
end

-- ---- the wire

-- As BitPay's own client reads an answer: `data` if it says something, else the whole answer.
local function result_of(reply)
  local body = reply.json
  if body == nil then fail("ProviderError", "BitPay's answer is no JSON.") end
  if type(body) ~= "table" then return body end
  local data = body.data
  if data == nil or data == json.null or data == false or data == 0 or data == "" then return body end
  return data
end

-- As the setting says: the clock, a count from 0 on, or null, which BitPay's own client sends when it is told to use none.
local function nonce_of(kind)
  if kind == "disabled" then return json.null end
  return kind == "increment" and time.nonce("count") or time.nonce()
end

-- One method call. `params` is JSON text inside the JSON body, and the key order is that of BitPay's client. A nonce is
-- good for one time: a server that has seen it refuses the same request again, a read too.
local function call(path, method, params, options)
  local signed = options.auth ~= false and settings.has.private_key == true
  options.auth = signed
  options.once = signed and settings.nonce ~= "disabled"
  options.json = json.object("method", method, "params", json.encode(params or json.object()),
    "nonce", signed and nonce_of(settings.nonce) or nil)
  return result_of(http.post(path, options))
end

-- Public calls carry neither token nor identity.
local function public(method, params, write)
  return call("/api", method, params, {auth = false, read = not write})
end

local function need_token()
  if not settings.has.token then
    fail("ConfigurationError", "This needs an API token: make one with tokens.create and have it approved.", {field = "$.token"})
  end
end

-- Calls that both facades have.
local function with_token(method, params, write)
  need_token()
  return call("/api/{secret.token}", method, params, {read = not write})
end

local function need_merchant()
  if settings.facade ~= "merchant" then
    fail("Unsupported", "A point-of-sale token cannot do this; it needs a token with the facade \"merchant\".", {code = "facade"})
  end
  need_token()
  if not settings.has.private_key then
    fail("ConfigurationError", "A merchant token needs the private key that it was made with.", {field = "$.private_key"})
  end
end

local function merchant(method, params, write)
  need_merchant()
  return call("/api/{secret.token}", method, params, {read = not write})
end

local function merchant_invoice(id)
  local invoice = object(merchant("getInvoice", json.object("invoiceId", id)))
  if invoice.id ~= id then fail("ProviderError", "BitPay answered with another invoice than was asked for.") end
  return invoice
end

-- Calls on the invoice itself, with the token that a merchant's getInvoice hands out for it.
local function on_invoice(invoice, method, params, write)
  if not plain_text(invoice.token) then fail("ProviderError", "BitPay's invoice came without its token.") end
  return call("/api/{token}", method, params, {path = {token = invoice.token}, read = not write})
end

-- ---- amounts and invoices

local function money_of(amount, currency)
  if amount == nil or amount == json.null or not plain_text(currency) then return nil end
  local ok, value = pcall(money.of, amount, currency)
  if ok then return value end
  log.warn("an amount in " .. currency .. " could not be read exactly")
  return nil
end

-- BitPay takes at most two decimals, six for bitcoin (bitpay/ruby-client).
local function price_of(amount)
  local most = amount.currency == "BTC" and 6 or 2
  if #amount.currency ~= 3 then
    fail("InvalidRequest", "BitPay's currency codes have three letters.", {field = "$.amount.currency"})
  end
  local parts = text.split(amount.amount, ".")
  local decimals = parts[2] or ""
  while #decimals > most and decimals:sub(-1) == "0" do decimals = decimals:sub(1, -2) end
  if #decimals > most then
    fail("InvalidRequest", "BitPay takes at most " .. most .. " decimals in " .. amount.currency .. ".", {field = "$.amount.amount"})
  end
  return json.number(decimals == "" and parts[1] or parts[1] .. "." .. decimals)
end

-- A partly paid invoice is never paid, whatever else it says; an overpaid one is.
local function status_of(invoice)
  local status = INVOICE_STATUS[invoice.status]
    or fail("ProviderError", "BitPay answered with an invoice status that its documentation does not have.", {code = "unknown_status"})
  local exception = invoice.exceptionStatus
  if status == "failed" or not exception or exception == json.null then return status end
  if exception == "paidPartial" then return "underpaid" end
  if exception ~= "paidOver" then
    log.warn("the invoice has an exception status that is not documented")
    return status == "paid" and "processing" or status
  end
  return status == "pending" and "processing" or status
end

-- Amounts paid and due, where they are exact: BitPay reports them in bitcoin only, and its rate does not divide evenly. An
-- unpaid invoice says nothing either, for its zero would stay beside a later payment in part that nobody can put a number on.
-- A paid one need not: the core knows that its price was paid, unless the shop accepted another amount.
local function paid_and_due(invoice, status, amount)
  if not amount then return nil, nil end
  if amount.currency == "BTC" then
    local due, zero = money_of(invoice.btcDue, "BTC"), money.of("0", "BTC")
    if due and money.compare(due, zero) < 0 then due = zero end
    return money_of(invoice.btcPaid, "BTC"), due
  end
  local exact = not invoice.exceptionStatus or invoice.exceptionStatus == json.null
  if exact and status == "processing" then return amount, money.of("0", amount.currency) end
  return nil, nil
end

-- Where to send bitcoin. The address stands only in the payment URL, which is gone once the invoice is paid or expired. Of
-- an overpaid invoice less than nothing is due: then no more is to be sent.
local function pay_to_of(invoice)
  local uri = plain_text(object(invoice.paymentUrls).BIP21)
  if not uri or not text.starts(uri, "bitcoin:") then return nil end
  local due, zero = money_of(invoice.btcDue or invoice.btcPrice, "BTC"), money.of("0", "BTC")
  if due and money.compare(due, zero) < 0 then due = zero end
  return {
    currency = "BTC",
    amount = object(due).amount,
    address = text.split(uri:sub(9), "?")[1],
    uri = uri,
    rate = decimal_text(invoice.rate),
  }
end

local function payment_from(invoice)
  if not plain_text(invoice.id) then fail("ProviderError", "BitPay's answer is no invoice.") end
  local status = status_of(invoice)
  local amount = money_of(invoice.price, invoice.currency)
  local paid, due = paid_and_due(invoice, status, amount)
  return {
    id = invoice.id,
    status = status,
    amount = amount,
    amount_paid = paid,
    amount_due = due,
    reference = plain_text(invoice.orderId),
    checkout_url = plain_text(invoice.url),
    pay_to = pay_to_of(invoice),
    created_at = integer(invoice.invoiceTime),
    expires_at = integer(invoice.expirationTime),
    test = settings.mode == "test",
    raw = invoice,
  }
end

-- ---- payments

-- The RPC documentation of createInvoice has price and currency only; the other fields are those of the REST interface.
local function refuse_order_detail(name, field)
  fail("InvalidRequest", "BitPay documents " .. name .. " for its REST interface and not for this one, so it is not sent: "
    .. "turn the setting send_order_details on to send it all the same.", {field = field})
end

local function order_details(input)
  if settings.send_order_details then return input, object(input.options) end
  for _, name in ipairs({"orderId", "itemCode", "posData", "notificationURL"}) do
    if object(input.options)[name] ~= nil then refuse_order_detail(name, "$.options." .. name) end
  end
  return {}, {}
end

function provider.payments.create(input)
  local details, options = order_details(input)
  local invoice = with_token("createInvoice", json.object(
    "price", price_of(input.amount),
    "currency", input.amount.currency,
    "orderId", options.orderId or details.reference,
    "itemCode", options.itemCode,
    "itemDesc", details.description,
    "posData", options.posData,
    "notificationURL", options.notificationURL or details.webhook_url,
    "redirectURL", details.return_url), true)
  return payment_from(object(invoice))
end

function provider.payments.get(input)
  local id = input.payment.provider_id
  if settings.facade == "merchant" then return payment_from(merchant_invoice(id)) end
  local invoice = object(public("getInvoice", json.object("invoiceId", id)))
  if invoice.id ~= id then fail("ProviderError", "BitPay answered with another invoice than was asked for.") end
  return payment_from(invoice)
end

-- The bus tells of payments as they happen (lib/invoice.js). What it says is not read: the core asks payments.get.
function provider.payments.watch(input)
  local bus = object(public("getInvoiceBusToken", json.object("invoiceId", input.payment.provider_id)))
  if not plain_text(bus.url) or not plain_text(bus.token) then
    fail("ProviderError", "BitPay's answer holds no address to listen at.")
  end
  return {
    url = bus.url,
    query = {{"token", bus.token}, {"action", "subscribe"}, {"events[]", "payment"}},
    events = {"statechange"},
  }
end

local function ms_of(input, name)
  local value = input[name]
  if value == nil or type(value) == "number" then return value end
  local ok, ms = pcall(time.parse, value)
  if not ok then fail("InvalidRequest", "This is no time that can be read: give ISO 8601 text.", {field = "$." .. name}) end
  return ms
end

local function day(ms)
  return time.iso(ms):sub(1, 10)
end

-- findInvoices knows whole days and does not say whether the last one counts, so a span that ends within a day goes on to
-- the next: rather an invoice too many than one too few.
local function last_day(ms)
  return day(ms % DAY_MS == 0 and ms or ms + DAY_MS)
end

-- findInvoices filters by days, orderId and itemCode. Any other filter is refused: a list that leaves it out would show
-- payments nobody asked for.
local function check_filters(input, options)
  for _, name in ipairs({"status", "currency"}) do
    if input[name] ~= nil then
      fail("InvalidRequest", "BitPay cannot filter by " .. name .. ": leave it out and choose from the list.", {field = "$." .. name})
    end
  end
  if input.reference ~= nil and not settings.send_order_details then
    fail("InvalidRequest", "No reference is sent to BitPay while the setting send_order_details is off: leave it out and "
      .. "choose by amount and time.", {field = "$.reference"})
  end
  if input.reference ~= nil and options.orderId ~= nil then
    fail("InvalidRequest", "Give either reference or options.orderId: BitPay filters by one.", {field = "$.reference"})
  end
end

local function skipped(input)
  if input.cursor == nil then return 0 end
  local skip = tonumber(input.cursor)
  if not skip or skip < 0 then
    fail("InvalidRequest", "A cursor is what the page before gave as next.", {field = "$.cursor"})
  end
  return skip
end

function provider.payments.list(input)
  local options = object(input.options)
  check_filters(input, options)
  local from, to, skip = ms_of(input, "from"), ms_of(input, "to"), skipped(input)
  if not from then
    fail("InvalidRequest", "BitPay lists invoices of a time span only: say from when.", {field = "$.from"})
  end
  local found = object(merchant("findInvoices", json.object(
    "dateStart", day(from),
    "dateEnd", to and last_day(to) or nil,
    "limit", input.limit,
    "skip", skip > 0 and skip or nil,
    "itemCode", options.itemCode,
    "orderId", options.orderId or input.reference)))
  local items = json.array({})
  for _, invoice in ipairs(found) do items[#items + 1] = payment_from(object(invoice)) end
  -- BitPay tells neither a total nor its largest page, so a page ends the list only when it is empty.
  return {items = items, next = #found > 0 and tostring(skip + #found) or nil}
end

local function conflict(code, message)
  fail("Conflict", message, {code = code})
end

-- A complete invoice has its confirmations. That it is written to BitPay's ledger, which accepting needs too, shows nowhere
-- on an invoice: BitPay itself refuses then.
local function check_confirmations(invoice, what)
  if invoice.status == "complete" then return end
  local transactions = object(invoice.transactions)
  local enough = #transactions > 0
  for _, transaction in ipairs(transactions) do
    local confirmations = transaction.confirmations
    enough = enough and type(confirmations) == "number" and confirmations >= NEEDED_CONFIRMATIONS
  end
  if not enough then
    conflict("too_few_confirmations", "BitPay " .. what .. " after six confirmations of its payment: try again later.")
  end
end

function provider.payments.accept(input)
  local invoice = merchant_invoice(input.payment.provider_id)
  local methods = {paidPartial = "creditPartialPayment", paidOver = "creditOverpayment"}
  local method = methods[invoice.exceptionStatus]
    or conflict("nothing_to_accept", "This invoice is neither underpaid nor overpaid, so there is nothing to accept.")
  check_confirmations(invoice, "accepts what came for an invoice")
  return payment_from(object(on_invoice(invoice, method, json.object("commit", true), true)))
end

-- ---- refunds

local function refund_from(record, amount)
  local status = REFUND_STATUS[record.status]
  if not status then log.warn("a refund has a status that is not known; it counts as pending") end
  return {
    id = plain_text(record.id) or fail("ProviderError", "BitPay's answer holds a refund without an id."),
    status = status or "pending",
    amount = amount or money_of(record.amount, record.currency),
    created_at = time_of(record.requestDate),
    raw = record,
  }
end

-- The documented conditions, checked before anything is asked for.
local function check_refundable(invoice)
  if invoice.exceptionStatus == "paidPartial" or invoice.exceptionStatus == "paidOver" then
    conflict("not_settled", "BitPay refunds no invoice that is under- or overpaid: call payments.accept first.")
  end
  if invoice.status ~= "complete" and invoice.status ~= "confirmed" then
    conflict("not_paid", "BitPay refunds an invoice only after it is paid and confirmed.")
  end
  check_confirmations(invoice, "refunds an invoice")
end

-- Without an amount the whole invoice is meant. getRefunds tells ids and states, no amounts (api.md), so nobody knows
-- what is left of an invoice that was refunded before, perhaps on the dashboard.
local function check_not_refunded(invoice)
  for _, record in ipairs(records(on_invoice(invoice, "getRefunds"))) do
    local status = refund_from(record).status
    if status ~= "failed" and status ~= "cancelled" then
      fail("InvalidRequest", "BitPay has refunded this invoice before and does not tell how much is left: give the amount.",
        {field = "$.amount"})
    end
  end
end

function provider.refunds.create(input)
  local address = plain_text(object(input.options).bitcoinAddress) or plain_text(input.address)
  if not address then
    fail("InvalidRequest", "BitPay sends a refund to a bitcoin address that the buyer must give.", {field = "$.address"})
  end
  local invoice = merchant_invoice(input.payment.provider_id)
  check_refundable(invoice)
  if not input.amount then check_not_refunded(invoice) end
  local price = money_of(invoice.price, invoice.currency)
  local amount = input.amount or price
  if price and amount.currency == price.currency and money.compare(amount, price) > 0 then
    fail("InvalidRequest", "The refund is larger than the invoice.", {field = "$.amount.amount"})
  end
  local record = object(on_invoice(invoice, "refund", json.object(
    "bitcoinAddress", address, "amount", price_of(amount), "currency", amount.currency), true))
  if not plain_text(record.id) then fail("ProviderError", "BitPay's answer is no refund.") end
  return refund_from(record, amount)
end

function provider.refunds.list(input)
  local invoice = merchant_invoice(input.payment.provider_id)
  local items = json.array({})
  for _, record in ipairs(records(on_invoice(invoice, "getRefunds"))) do items[#items + 1] = refund_from(record) end
  return {items = items}
end

function provider.refunds.get(input)
  for _, refund in ipairs(provider.refunds.list(input).items) do
    if refund.id == input.id then return refund end
  end
  fail("NotFound", "BitPay lists no such refund for this invoice.")
end

-- ---- notifications

-- Flat ones are the invoice itself, extended ones have it in `data` beside their event. Only events of invoices are about a
-- payment; the others tell of payouts and their recipients.
function provider.webhooks.receive(input)
  local body = object(input.json)
  local event = plain_text(object(body.event).name)
  local invoice = event and object(body.data) or body
  local happened = event or plain_text(invoice.status)
  if not happened then fail("InvalidRequest", "This is no notification of BitPay's.") end
  if event and not text.starts(event, "invoice_") then return {event = event} end
  local id = plain_text(invoice.id) or fail("InvalidRequest", "This notification names no invoice.")
  return {event = happened, payment = {id = id}}
end

-- ---- rates, currencies, ledgers

function provider.rates.get(input)
  if input.from and input.from ~= "BTC" then
    fail("InvalidRequest", "BitPay's rates are prices of one bitcoin: nothing but BTC can stand here.", {field = "$.from"})
  end
  local rate = object(public("getRateForCurrency", json.object("currency", input.to)))
  local price = decimal_text(rate.rate)
  if rate.code ~= input.to or not price then fail("ProviderError", "BitPay answered with another rate than was asked for.") end
  return {from = "BTC", to = rate.code, rate = price, raw = rate}
end

function provider.rates.list()
  local items = json.array({})
  for _, rate in ipairs(records(public("getRates"))) do
    local price = decimal_text(rate.rate)
    if plain_text(rate.code) and price then
      items[#items + 1] = {from = "BTC", to = rate.code, rate = price, name = plain_text(rate.name)}
    end
  end
  return {items = items}
end

function provider.currencies.list()
  local items = json.array({})
  for _, currency in ipairs(records(public("getCurrencies"))) do
    if plain_text(currency.code) then
      items[#items + 1] = {
        code = currency.code, name = plain_text(currency.name), decimals = integer(currency.precision),
        symbol = plain_text(currency.symbol), crypto = currency.code == "BTC" or nil,
      }
    end
  end
  return {items = items}
end

function provider.ledgers.list()
  local items = json.array({})
  for _, ledger in ipairs(records(merchant("getLedgers"))) do
    local balance = money_of(ledger.balance, ledger.currency)
    local amount = balance and balance.amount or decimal_text(ledger.balance)
    if plain_text(ledger.currency) and amount then items[#items + 1] = {currency = ledger.currency, balance = amount} end
  end
  return {items = items}
end

-- `scale` is the divisor of the integer amount: 100000000 makes satoshi of bitcoin.
local function ledger_amount(entry, currency)
  local scale, digits = entry.scale, 0
  if type(entry.amount) ~= "number" or type(scale) ~= "number" or scale < 1 then return nil end
  while scale % 10 == 0 do scale, digits = scale // 10, digits + 1 end
  if scale ~= 1 then return nil end
  local ok, amount = pcall(money.scaled, entry.amount, digits, currency)
  return ok and amount or nil
end

function provider.ledgers.entries(input)
  local from, to = ms_of(input, "from"), ms_of(input, "to") or time.now()
  if not plain_text(input.currency) then fail("InvalidRequest", "currency is required.", {field = "$.currency"}) end
  if not from then fail("InvalidRequest", "BitPay lists ledger entries of a time span only: say from when.", {field = "$.from"}) end
  local items = json.array({})
  local found = merchant("getLedgerEntries", json.object(
    "currency", input.currency, "startDate", day(from), "endDate", last_day(to)))
  for _, entry in ipairs(records(found)) do
    items[#items + 1] = {
      code = plain_text(entry.code) or integer(entry.code), type = plain_text(entry.txType),
      amount = ledger_amount(entry, input.currency), created_at = time_of(entry.timestamp),
      payment_provider_id = plain_text(entry.invoiceId),
      description = plain_text(entry.description) or plain_text(entry.notes), raw = entry,
    }
  end
  return {items = items}
end

-- ---- tokens

-- Whether each character is an ASCII letter, a digit, or one of `others`.
local function plain_word(value, others)
  for at = 1, #value do
    local one = value:sub(at, at)
    local letter = one:lower() >= "a" and one:lower() <= "z"
    if not letter and not text.digits(one) and not text.contains(others, one) then return false end
  end
  return true
end

-- The facades that the documentation lists. Any other word would make a token that this plugin cannot use.
local function check_facade(facade)
  if facade ~= nil and facade ~= "merchant" and facade ~= "pos" then
    fail("InvalidRequest", "BitPay's facades are merchant and pos.", {field = "$.facade"})
  end
end

-- Seven letters and digits (bitpay/ruby-client); labels as BitPay's own client checks them (cordova-sdk lib/client-id.js).
local function check_pairing(code, label, code_field)
  if code ~= nil and not (type(code) == "string" and #code == 7 and plain_word(code, "")) then
    fail("InvalidRequest", "A pairing code has seven letters and digits.", {field = code_field})
  end
  if label ~= nil and not (plain_text(label) and #label <= 60 and plain_word(label, " -_")) then
    fail("InvalidRequest", "A label has at most 60 letters, digits, spaces, - and _.", {field = "$.label"})
  end
end

local function token_from(record)
  local code = plain_text(record.pairingCode)
  return {
    token = record.token,
    facade = record.facade,
    resource = record.resource,
    created_at = integer(record.dateCreated),
    expires_at = integer(record.pairingExpiration),
    pairing_code = code,
    approval_url = code and settings.base_url .. "/api-access-request?pairingCode=" .. text.url_encode(code) or nil,
  }
end

function provider.tokens.create(input)
  local sin = object(settings.identity).sin
  if not sin then
    fail("ConfigurationError", "A token is bound to a private key: set one first.", {field = "$.private_key"})
  end
  local pairing_code = input.pairing_code
  check_facade(input.facade)
  check_pairing(pairing_code, input.label, "$.pairing_code")
  local made = object(public("createToken", json.object(
    "id", sin,
    "pairingCode", pairing_code,
    "facade", not pairing_code and (input.facade or settings.facade) or input.facade,
    "label", input.label), true))
  if type(made[1]) ~= "table" then fail("ProviderError", "BitPay's answer holds no token.") end
  return token_from(made[1])
end

function provider.tokens.approve(input)
  check_facade(input.facade)
  check_pairing(input.pairing_code, nil, "$.pairing_code")
  local items = json.array({})
  local approved = merchant("createToken", json.object(
    "pairingCode", input.pairing_code, "facade", input.facade or settings.facade), true)
  for _, record in ipairs(object(approved)) do items[#items + 1] = token_from(record) end
  return {items = items}
end

-- A read that both facades have.
function provider.check()
  local found = object(with_token("getInvoiceSettings"))
  return {ok = true, detail = plain_text(found.merchantName)}
end

-- ---- native calls, by their documented names and parameters

-- The caller's number as JSON, digit by digit. An exponent is refused: nobody writes an amount like that on purpose.
local function number_of(value, name)
  local ok, number = pcall(json.number, value)
  if not ok or text.contains(tostring(value):lower(), "e") then
    fail("InvalidRequest", name .. " must be a number in plain digits, such as 48.25.", {field = "$." .. name})
  end
  return number
end

-- The caller's parameters as a JSON object, in the documentation's order; any that is not documented is refused.
local function chosen(params, names)
  local known, list = {}, {}
  for _, name in ipairs(names) do
    known[name] = true
    local value = params[name]
    if NUMBERS[name] and value ~= nil then value = number_of(value, name) end
    if value ~= nil then list[#list + 1], list[#list + 2] = name, value end
  end
  for name in pairs(params) do
    if not known[name] then
      fail("InvalidRequest", "BitPay documents no parameter " .. name .. " for this method.", {field = "$." .. name})
    end
  end
  return json.object(table.unpack(list))
end

local function required(params, ...)
  for _, name in ipairs({...}) do
    if params[name] == nil then fail("InvalidRequest", name .. " is required.", {field = "$." .. name}) end
  end
end

-- method -> {how it is sent, its parameters in the documentation's order, how many of them are required, write}
local METHODS = {
  getRateForCurrency = {public, {"currency"}, 1},
  getRates = {public, {}, 0},
  getCurrencies = {public, {}, 0},
  createAccount = {public, {"users", "orgs"}, 2, true},
  getInvoiceSettings = {with_token, {}, 0},
  findInvoices = {merchant, {"dateStart", "dateEnd", "limit", "skip", "itemCode", "orderId"}, 1},
  getLedgers = {merchant, {}, 0},
  getLedgerEntries = {merchant, {"currency", "startDate", "endDate"}, 3},
  createPublicPOSToken = {merchant, {}, 0, true},
}
for method, entry in pairs(METHODS) do
  local send, names, needed, write = entry[1], entry[2], entry[3], entry[4]
  provider.native[method] = function(params)
    required(params, table.unpack(names, 1, needed))
    return send(method, chosen(params, names), write)
  end
end

local ORDER_DETAILS = {"orderId", "itemCode", "itemDesc", "posData", "notificationURL", "redirectURL"}

function provider.native.createInvoice(params)
  required(params, "price", "currency")
  local names = {"price", "currency"}
  for _, name in ipairs(ORDER_DETAILS) do
    if settings.send_order_details then
      names[#names + 1] = name
    elseif params[name] ~= nil then
      refuse_order_detail(name, "$." .. name)
    end
  end
  return with_token("createInvoice", chosen(params, names), true)
end

-- Methods that two facades share. `as` names the facade and is not sent.
for _, method in ipairs({"getInvoice", "getInvoiceBusToken"}) do
  provider.native[method] = function(params)
    required(params, "invoiceId")
    local as = params.as
    if as == nil then as = method == "getInvoice" and settings.facade == "merchant" and "merchant" or "public" end
    if as ~= "public" and as ~= "merchant" then
      fail("InvalidRequest", "This method is called as \"public\" or as \"merchant\".", {field = "$.as"})
    end
    params.as = nil
    return (as == "merchant" and merchant or public)(method, chosen(params, {"invoiceId"}))
  end
end

-- The public form needs `id`, the merchant's form has none.
function provider.native.createToken(params)
  check_facade(params.facade)
  check_pairing(params.pairingCode, params.label, "$.pairingCode")
  if params.id ~= nil then
    return public("createToken", chosen(params, {"id", "pairingCode", "facade", "label"}), true)
  end
  required(params, "pairingCode", "facade")
  return merchant("createToken", chosen(params, {"pairingCode", "facade"}), true)
end

-- Methods of an invoice. `invoiceId` finds the invoice's token and is not sent.
local INVOICE_METHODS = {
  refund = {{"bitcoinAddress", "amount", "currency"}, true},
  creditPartialPayment = {{"commit"}, true},
  creditOverpayment = {{"commit"}, true},
  getRefunds = {{}},
  sendNotification = {{}, true},
}
for method, entry in pairs(INVOICE_METHODS) do
  local names, write = entry[1], entry[2]
  provider.native[method] = function(params)
    required(params, "invoiceId", table.unpack(names))
    local id = params.invoiceId
    params.invoiceId = nil
    local sent = chosen(params, names)
    return on_invoice(merchant_invoice(id), method, sent, write)
  end
end

-- null says nothing, as in any other place: it is neither sent nor does it stand for what must be given.
for method, call in pairs(provider.native) do
  provider.native[method] = function(params)
    for name, value in pairs(params) do
      if value == json.null then params[name] = nil end
    end
    return call(params)
  end
end
