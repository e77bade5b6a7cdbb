-- BitGPT 402pay: invoices with a page on which the payer pays, and the payments made on them.
-- Protocol: https://docs.bitgpt.xyz ("the documentation"); README.md says which page each fact is from.

-- The documentation's currency codes beside the standard ones. POLYGON is POL: Polygon's coin has had that name since
-- September 2024, before the documentation was written. Both kinds of USDC are the same money, see OWN_CODES.
local CRYPTO = {
  {"BITCOIN", "BTC"}, {"ETHEREUM", "ETH"}, {"USDT", "USDT"}, {"USDC", "USDC"}, {"USDC_NATIVE", "USDC"},
  {"SOLANA", "SOL"}, {"BINANCE_COIN", "BNB"}, {"RIPPLE", "XRP"}, {"POLYGON", "POL"}, {"TRON", "TRX"},
  {"LITECOIN", "LTC"}, {"BITCOIN_CASH", "BCH"}, {"DOGECOIN", "DOGE"},
}
local MONEY_OF_STATES = "USD EUR CHF GBP AUD JPY CNY CAD HKD SGD SEK KRW NOK NZD INR MXN TWD ZAR BRL DKK PLN THB ILS "
  .. "IDR CZK AED TRY HUF CLP SAR PHP MYR COP RUB RON PEN"

-- STANDARD.BITCOIN is "BTC"; OWN_CODES.USDC is {"USDC", "USDC_NATIVE"}, the usual one first.
local STANDARD, OWN_CODES = {}, {}
for _, pair in ipairs(CRYPTO) do
  local own, standard = pair[1], pair[2]
  STANDARD[own] = standard
  OWN_CODES[standard] = OWN_CODES[standard] or {}
  table.insert(OWN_CODES[standard], own)
end
for _, code in ipairs(text.split(MONEY_OF_STATES, " ")) do
  STANDARD[code], OWN_CODES[code] = code, {code}
end

-- What the two kinds of record are called, where they are listed, and what their statuses mean for a payment.
local INVOICES = {
  name = "invoice",
  list = "/invoices/list",
  filters = {
    "status", "currency", "price_usd_from", "price_usd_to", "created_at_from", "created_at_to", "customer_email",
    "provider_id", "limit", "offset",
  },
  status = {
    PENDING = "pending",
    PROCESSING = "processing",
    WAITING_FOR_CONFIRMATIONS = "processing",
    PARTIALLY_PAID = "underpaid",
    COMPLETED = "paid",
    VOIDED = "cancelled",
  },
  status_filter = {
    pending = {"PENDING"},
    processing = {"PROCESSING", "WAITING_FOR_CONFIRMATIONS"},
    underpaid = {"PARTIALLY_PAID"},
    paid = {"COMPLETED"},
    cancelled = {"VOIDED"},
  },
}
local PAYMENTS = {
  name = "payment",
  list = "/payments",
  filters = {
    "provider_id", "invoice_id", "status", "currency", "price_usd_from", "price_usd_to", "created_at_from",
    "created_at_to", "expand", "limit", "offset",
  },
  status = {PENDING = "pending", COMPLETED = "paid", FAILED = "failed", CANCELLED = "cancelled"},
  status_filter = {pending = {"PENDING"}, paid = {"COMPLETED"}, failed = {"FAILED"}, cancelled = {"CANCELLED"}},
}

local ENVIRONMENT_IS_TEST = {development = true, production = false}
local INVOICE_FIELDS = {"items", "customer_email", "currency", "metadata", "redirect_url"}

local function object(value)
  return type(value) == "table" and value ~= json.null and value or {}
end

local function plain_text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function refuse(field, message)
  fail("InvalidRequest", message, {field = field})
end

-- ---- replies

-- The `data` member of the envelope that every answer has.
local function data_of(reply)
  local data = object(reply.json).data
  if type(data) ~= "table" or data == json.null then fail("ProviderError", "BitGPT's answer holds no data.") end
  return data
end

-- Whether no real money moves, by the envelope's `env`, which every answer must have.
local function is_test(reply)
  local test = ENVIRONMENT_IS_TEST[object(reply.json).env]
  if test == nil then
    fail("ProviderError", "BitGPT's answer does not say whether it is of the development or the production environment.")
  end
  return test
end

-- A list, also where one object stands for it as in the documentation's samples.
local function as_list(value)
  if value == nil or value == json.null then return {} end
  if value[1] ~= nil or next(value) == nil then return value end
  if value.id == nil then fail("ProviderError", "BitGPT's answer holds no list.") end
  return {value}
end

-- MySQL also writes times that are none, such as 0000-00-00 00:00:00.
local function time_of(value)
  local ok, at = pcall(time.parse, value)
  return ok and at or nil
end

local function has_price(record)
  return type(record.price) == "string" or type(record.price) == "number"
end

-- The record's price, or nil without one, in an unknown currency, and where the currency has too few decimals for it, as
-- in the documentation's 504.818257074815 EUR: nothing is rounded here, and `raw` has every digit.
local function price_of(record)
  if not has_price(record) then return nil end
  local currency = STANDARD[record.currency]
  local ok, price = pcall(money.of, record.price, currency)
  if ok then return price end
  log.warn("left out a price in " .. (currency or "a currency that is not documented"))
  return nil
end

-- Sum of an invoice's completed payments, or nil without any and unless all of them are in the invoice's currency: BitGPT
-- gives no sum, and between currencies there is no exact one.
local function received_for(invoice, currency)
  if type(invoice.payments) ~= "table" or invoice.payments == json.null then return nil end
  local sum = money.of("0", currency)
  for _, item in ipairs(as_list(invoice.payments)) do
    local payment = object(item)
    if payment.status == "COMPLETED" then
      local price = STANDARD[payment.currency] == currency and price_of(payment)
      if not price then return nil end
      sum = money.add(sum, price)
    end
  end
  return not money.is_zero(sum) and sum or nil
end

local function unknown_status(record, kind)
  return "BitGPT's " .. kind.name .. " has the status " .. (plain_text(record.status) or "(none)")
    .. ", which is not documented."
end

local function status_of(record, kind)
  return kind.status[record.status] or fail("ProviderError", unknown_status(record, kind), {code = "unknown_status"})
end

-- In a list one odd record must not hide the others. One with an unknown status, or paid without an amount that a Money
-- can hold, is shown without a status, and the log says so.
local function listed_status(record, kind)
  local status = kind.status[record.status]
  if not status then log.warn(unknown_status(record, kind)) end
  if status == "paid" and not price_of(record) then return nil end
  return status
end

-- The page's address up to the invoice's id.
local function pay_page()
  local page = settings.checkout_url
  if not text.starts(page, "https://") then
    fail("ConfigurationError", "the payment page is at an https address.", {field = "$.checkout_url"})
  end
  return text.ends(page, "/") and page or page .. "/"
end

local function reference_of(invoice)
  return plain_text(object(invoice.metadata).reference)
end

local function invoice_view(invoice, status, test)
  local amount = price_of(invoice)
  local received = amount and received_for(invoice, amount.currency)
  return {
    id = invoice.id,
    status = status,
    amount = amount,
    amount_paid = received or status == "paid" and amount or nil,
    reference = reference_of(invoice),
    checkout_url = pay_page() .. text.url_encode(invoice.id),
    created_at = time_of(invoice.created_at),
    test = test,
    raw = invoice,
  }
end

local function payment_view(payment, status, test)
  local amount = price_of(payment)
  return {
    id = payment.id,
    status = status,
    amount = amount,
    amount_paid = status == "paid" and amount or nil,
    created_at = time_of(payment.created_at),
    test = test,
    raw = payment,
  }
end

-- ---- requests

-- BitGPT's code for a currency: the one that options.currency names, else the usual one.
local function own_code(currency, wanted)
  if wanted == nil then return OWN_CODES[currency][1] end
  if STANDARD[wanted] ~= currency then
    refuse("$.options.currency", wanted .. " is not " .. currency .. ", the currency of the amount.")
  end
  return wanted
end

-- BitGPT has no field for the shop's order id and description, but keeps any metadata and gives it back.
local function metadata_of(input)
  local metadata = {}
  for name, value in pairs(object(object(input.options).metadata)) do metadata[name] = value end
  for _, name in ipairs({"reference", "description"}) do
    local value = plain_text(input[name])
    if value and metadata[name] ~= nil and metadata[name] ~= value then
      refuse("$.options.metadata." .. name, "the payment's " .. name .. " is sent under this name; leave one of them out.")
    end
    metadata[name] = value or metadata[name]
  end
  return next(metadata) ~= nil and metadata or nil
end

-- MySQL date-time in UTC, which is what the documentation's `mysql-date-time` looks like.
local function mysql_time(value, field)
  if value == nil then return nil end
  local ok, at = true, value
  if type(value) == "string" then ok, at = pcall(time.parse, value) end
  if not ok then refuse(field, "not a time: give ISO 8601, such as 2026-11-20T22:50:00Z.") end
  return text.replace(time.iso(at):sub(1, 19), "T", " ")
end

local function as_array(value)
  return type(value) == "table" and value ~= json.null and json.array(value) or value
end

-- Exact: a price filter reaches the script as an integer or as the number's text.
local function exact_number(value, field)
  if value == nil then return nil end
  local ok, number = pcall(json.number, value)
  if not ok then refuse(field, "must be a number in plain digits, such as 48.25.") end
  return number
end

local function in_order(names, values)
  local members = {}
  for _, name in ipairs(names) do
    if values[name] ~= nil then
      members[#members + 1] = name
      members[#members + 1] = values[name]
    end
  end
  return json.object(table.unpack(members))
end

-- ---- payments

function provider.payments.create(input)
  local options = object(input.options)
  local email = plain_text(object(input.customer).email)
    or refuse("$.customer.email", "BitGPT needs the payer's email address.")
  local code, page = own_code(input.amount.currency, options.currency), pay_page()
  local intent = json.object("type", "PAYMENT_INTENT", "currency", code, "price", input.amount.amount)
  local reply = http.post("/invoices", {json = json.object(
    "items", json.array({intent}),
    "customer_email", email,
    "currency", code,
    "metadata", metadata_of(input),
    "redirect_url", input.return_url)})
  local invoice = data_of(reply)
  local id = plain_text(invoice.id) or fail("ProviderError", "BitGPT's answer names no invoice.")
  -- The invoice exists, and the documentation's sample answer is an id alone: whatever else is odd, payments.get tells.
  return {
    id = id,
    status = listed_status(invoice, INVOICES) or "pending",
    amount = price_of(invoice),
    checkout_url = page .. text.url_encode(id),
    created_at = time_of(invoice.created_at),
    reference = reference_of(invoice),
    test = ENVIRONMENT_IS_TEST[reply.json.env],
    state = {currency = code},
    raw = invoice,
  }
end

local function get_record(path, id, body)
  local reply = http.post(path, {path = {id = id}, json = body, read = true})
  local record = data_of(reply)
  if record.id ~= id then fail("ProviderError", "BitGPT answered with another record than was asked for.") end
  return record, is_test(reply)
end

-- The core compares amounts, but cannot tell USDC from USDC_NATIVE, nor see a price that no Money can hold.
local function check_same_price(invoice, input)
  local asked = object(input.state).currency
  if asked and invoice.currency ~= asked then
    fail("ProviderError", "BitGPT's invoice is in another currency than was asked for.", {code = "currency_mismatch"})
  end
  if has_price(invoice) and object(input.payment.amount).amount and not price_of(invoice) then
    fail("ProviderError", "BitGPT's invoice is over another amount than was asked for.", {code = "amount_mismatch"})
  end
end

function provider.payments.get(input)
  local id = input.payment.provider_id
  if text.starts(id, "payment_") then
    local payment, test = get_record("/payments/{id}", id, {})
    return payment_view(payment, status_of(payment, PAYMENTS), test)
  end
  local invoice, test = get_record("/invoices/{id}", id, {expand = {"payments"}})
  check_same_price(invoice, input)
  return invoice_view(invoice, status_of(invoice, INVOICES), test)
end

-- A filter given both in our words and in BitGPT's would have to be two filters.
local function one_of(input, options, name, translate)
  if input[name] == nil then return as_array(options[name]) end
  if options[name] ~= nil then refuse("$." .. name, "Give either " .. name .. " or options." .. name .. ".") end
  return translate(input[name]) or refuse("$." .. name, "BitGPT has no such " .. name .. " to filter by.")
end

-- POST /payments takes a list of payment methods, POST /invoices/list one.
local function provider_filter(value, kind)
  if value == nil then return nil end
  local methods = type(value) == "table" and value or {value}
  if kind == PAYMENTS then return json.array(methods) end
  if #methods ~= 1 then refuse("$.options.provider_id", "BitGPT filters invoices by one payment method.") end
  return tostring(methods[1])
end

local function check_filters(input, options, kind)
  if input.reference ~= nil then refuse("$.reference", "BitGPT cannot filter by metadata, where the reference is.") end
  local known = {list = true}
  for _, name in ipairs(kind.filters) do known[name] = true end
  for name in pairs(options) do
    if not known[name] then refuse("$.options." .. name, "BitGPT has no such filter for " .. kind.name .. "s.") end
  end
  for _, status in ipairs(object(options.status)) do
    if not kind.status[status] then refuse("$.options.status", "no " .. kind.name .. " has the status " .. status .. ".") end
  end
end

local function offset_from(cursor)
  if cursor == nil then return nil end
  return text.digits(cursor) and tonumber(cursor) or refuse("$.cursor", "not a cursor that a page gave as `next`.")
end

-- BitGPT tells neither a total nor its largest page, so a page ends the list only when it is empty.
local function next_cursor(offset, count)
  return count > 0 and tostring((offset or 0) + count) or nil
end

function provider.payments.list(input)
  local options = object(input.options)
  local kind = options.list == "payments" and PAYMENTS or INVOICES
  check_filters(input, options, kind)
  local offset = offset_from(input.cursor)
  local reply = http.post(kind.list, {read = true, json = in_order(kind.filters, {
    provider_id = provider_filter(options.provider_id, kind),
    invoice_id = options.invoice_id,
    status = one_of(input, options, "status", function(status) return kind.status_filter[status] end),
    currency = one_of(input, options, "currency", function(currency) return OWN_CODES[currency] end),
    price_usd_from = exact_number(options.price_usd_from, "$.options.price_usd_from"),
    price_usd_to = exact_number(options.price_usd_to, "$.options.price_usd_to"),
    created_at_from = mysql_time(input.from, "$.from"),
    created_at_to = mysql_time(input.to, "$.to"),
    customer_email = options.customer_email,
    expand = as_array(options.expand),
    limit = input.limit,
    offset = offset,
  })})
  local view = kind == PAYMENTS and payment_view or invoice_view
  local records, items, test = as_list(data_of(reply)), json.array({}), is_test(reply)
  for _, record in ipairs(records) do
    if plain_text(object(record).id) then
      items[#items + 1] = view(record, listed_status(record, kind), test)
    else
      log.warn("left out a record that has no id")
    end
  end
  return {items = items, next = next_cursor(offset, #records)}
end

-- Tries a read that needs a key.
function provider.check(input)
  local reply = http.post("/invoices/list", {read = true, json = {limit = 1}})
  data_of(reply)
  if is_test(reply) ~= (settings.mode == "test") then
    fail("ConfigurationError", "the API key is one of BitGPT's " .. reply.json.env
      .. " environment, but the gateway's mode is " .. settings.mode .. ".", {field = "$.mode"})
  end
  return {ok = true, detail = "BitGPT's " .. reply.json.env .. " environment"}
end

-- ---- webhooks

-- Which payment a webhook is about. That of a BitGPT payment names the invoice in its payload. What the resource of an order
-- is, the documentation shows by a shortened id only, so the shop's own reference helps where that id is not known.
function provider.webhooks.receive(input)
  local body = object(input.json)
  local event = plain_text(body.event) or refuse("$.event", "a webhook of BitGPT's names its event.")
  local payload, payment = object(body.payload), nil
  if text.starts(event, "payment.") then
    payment = {id = plain_text(payload.invoice_id) or plain_text(body.resource_id)}
  elseif text.starts(event, "order.") then
    payment = {id = plain_text(body.resource_id), reference = reference_of(payload)}
  end
  return {event = event, payment = payment}
end

-- ---- native calls, by their documented names and fields

local NUMBERS = {price_usd_from = true, price_usd_to = true}
local LISTS = {
  items = true, provider_id = true, status = true, currency = true, expand = true, events = true, scopes = true,
  ip_allow_list = true,
}

local function chosen(params, names)
  local known, values = {}, {}
  for _, name in ipairs(names) do known[name] = true end
  for name, value in pairs(params) do
    if not known[name] then refuse("$." .. name, "BitGPT documents no field " .. name .. " for this call.") end
    if NUMBERS[name] then value = exact_number(value, "$." .. name) end
    values[name] = LISTS[name] and as_array(value) or value
  end
  return in_order(names, values)
end

-- How a call is sent. That `Idempotency-Key` is known is documented for invoices alone.
local READ, WITHOUT_KEY = {read = true}, {idempotent = false}

local function posts(path, names, options)
  return function(params)
    local request = {json = chosen(params, names)}
    for name, value in pairs(options or {}) do request[name] = value end
    return http.post(path, request).json
  end
end

local function id_from(params, name)
  local id = plain_text(params[name]) or refuse("$." .. name, name .. " is required.")
  params[name] = nil
  return id
end

-- What the documentation requires of an invoice.
local function of_an_invoice(post)
  return function(params)
    for _, name in ipairs({"items", "customer_email"}) do
      if params[name] == nil then refuse("$." .. name, name .. " is required.") end
    end
    return post(params)
  end
end

local function posts_by_id(path, names)
  return function(params)
    local id = id_from(params, "id")
    return http.post(path, {path = {id = id}, json = chosen(params, names), read = true}).json
  end
end

local function gets(path)
  return function(params)
    chosen(params, {})
    return http.get(path).json
  end
end

provider.native["POST /payments"] = posts(PAYMENTS.list, PAYMENTS.filters, READ)
provider.native["POST /payments/{id}"] = posts_by_id("/payments/{id}", {"expand"})
provider.native["POST /invoices"] = of_an_invoice(posts("/invoices", INVOICE_FIELDS))
provider.native["POST /invoices/validate"] = of_an_invoice(posts("/invoices/validate", INVOICE_FIELDS, READ))
provider.native["POST /invoices/list"] = posts(INVOICES.list, INVOICES.filters, READ)
provider.native["POST /invoices/{id}"] = posts_by_id("/invoices/{id}", {"expand", "currency"})

provider.native["GET /providers/{invoice_id}"] = function(params)
  local id = id_from(params, "invoice_id")
  chosen(params, {})
  return http.get("/providers/{invoice_id}", {path = {invoice_id = id}}).json
end

provider.native["POST /developers/webhooks"] =
  posts("/developers/webhooks", {"label", "url", "events", "description"}, WITHOUT_KEY)
provider.native["GET /developers/webhooks/events"] = gets("/developers/webhooks/events")
provider.native["GET /developers/api_keys"] = gets("/developers/api_keys")
provider.native["POST /developers/api_keys"] =
  posts("/developers/api_keys", {"label", "description", "scopes", "ip_allow_list", "expires_at"}, WITHOUT_KEY)
