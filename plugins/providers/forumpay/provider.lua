-- ForumPay, also under other names: invoices in money of states, paid in coins at a quoted rate.
-- Protocol: the "Open API" page ("the page" below). What only the maker's own client and plugins show is marked "maker".

-- The page has `waiting`, the maker the others.
local STATUS = {
  waiting = "pending", processing = "processing", underpayment = "underpaid", cancelled = "cancelled",
  confirmed = "paid", zero_confirmed = "paid", blocked = "failed",
}
local CANCEL_REASONS = {qr_code_problem = true, no_wallet = true, curious = true, bad_rate = true, other = true}
local MAX_COMMENT = 255
-- The page's own example asks for 20 transactions at a time.
local PAGE_SIZE = 20
-- How far a payment is looked for of which only the id is known: pages, and transactions on each.
local SEARCH_PAGES, SEARCH_SIZE = 10, 100

local function object(value)
  return type(value) == "table" and value ~= json.null and value or {}
end

local function plain_text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- Numbers come as text from some servers and as JSON numbers from others.
local function figure(value)
  return type(value) == "number" and tostring(value) or plain_text(value)
end

local function time_of(value)
  local ok, ms = pcall(time.parse, value)
  return plain_text(value) and ok and ms or nil
end

-- Flags are booleans on the page and 1, "1" or "true" elsewhere; in a list the time of the event says yes. nil: nothing is
-- said. Anything else is no yes.
local function flag(value)
  if value == nil or value == json.null or value == "" then return nil end
  return value == true or value == 1 or value == "1" or value == "true" or time_of(value) ~= nil
end

local function conflict(code, message)
  fail("Conflict", message, {code = code})
end

-- ---- amounts

local function money_of(amount, currency)
  if figure(amount) == nil or not plain_text(currency) then return nil end
  local ok, value = pcall(money.of, amount, currency)
  if ok then return value end
  log.warn("an amount in " .. currency .. " could not be read exactly")
  return nil
end

-- One text for one number, so that "0.0106904" equals "0.01069040" for any coin; nil for what is no plain number.
local function normal(value)
  local parts = text.split(value or "", ".")
  local whole, fraction = parts[1], parts[2] or "0"
  if #parts > 2 or not text.digits(whole) or not text.digits(fraction) then return nil end
  while #whole > 1 and whole:sub(1, 1) == "0" do whole = whole:sub(2) end
  while fraction:sub(-1) == "0" do fraction = fraction:sub(1, -2) end
  return fraction == "" and whole or whole .. "." .. fraction
end

-- A number as the service wrote it, digit by digit; nil for what is none.
local function digits(value)
  local written = figure(value)
  return normal(written) and written or nil
end

local function same_amount(left, right)
  local one, other = normal(figure(left)), normal(figure(right))
  return one ~= nil and one == other
end

-- An amount of coins above zero as the service wrote it, else nil.
local function coins(value)
  local written = digits(value)
  return normal(written) ~= "0" and written or nil
end

-- ---- the wire

local function check_pos_id(pos_id, kind, field)
  local allowed = type(pos_id) == "string" and pos_id ~= ""
  for at = 1, allowed and #pos_id or 0 do
    local c = pos_id:sub(at, at)
    local letter = (c >= "a" and c <= "z") or (c >= "A" and c <= "Z") or (c >= "0" and c <= "9")
    allowed = allowed and (letter or c == "." or c == "_" or c == "-")
  end
  if not allowed then
    fail(kind, "pos_id holds letters, digits, \".\", \"_\" and \"-\" only.", {field = field})
  end
  return pos_id
end

local function pos_id_of(options)
  if options.pos_id then return check_pos_id(options.pos_id, "InvalidRequest", "$.options.pos_id") end
  return check_pos_id(settings.pos_id, "ConfigurationError", "$.pos_id")
end

local function body_of(reply)
  if type(reply.json) ~= "table" or reply.json == json.null then
    fail("ProviderError", "ForumPay's answer is no JSON object or list.")
  end
  return reply.json
end

-- One call. Every action takes `locale` and `user` beside its own parameters.
local function send(action, fields, how, who)
  fields[#fields + 1] = {"locale", object(who).locale or settings.locale}
  fields[#fields + 1] = {"user", object(who).user or settings.user}
  local path = {action = action}
  if how == "POST" then return body_of(http.post("/{action}/", {path = path, multipart = fields})) end
  return body_of(http.get("/{action}/", {path = path, query = fields, read = how ~= "write"}))
end

local function read(action, fields, who)
  return send(action, fields, "read", who)
end

-- A write although most are GET: one that was sent is never sent again.
local function write(action, fields, who)
  return send(action, fields, "write", who)
end

-- ---- payments as the service shows them

-- GetTransactions answers with a list on the page and with {"invoices": [...]} at the maker. Its parameters on the page have
-- no pos_id, which the page requires of each call elsewhere: a setting decides.
local function transactions(offset, limit, reference, who)
  local body = read("GetTransactions", {
    {"pos_id", settings.list_with_pos_id and pos_id_of(who) or nil},
    {"offset", offset},
    {"limit", limit},
    {"reference_no", reference},
  }, {user = who.user})
  return object(body.invoices or body)
end

local function find_transaction(id, who)
  local offset = 0
  for _ = 1, SEARCH_PAGES do
    local found = transactions(offset, SEARCH_SIZE, nil, who)
    for _, record in ipairs(found) do
      if object(record).payment_id == id then return record end
    end
    if #found == 0 then return nil end
    offset = offset + #found
  end
  return nil
end

-- Where a payment stands: every later call wants its coin and address beside its id.
local function place_of(input)
  local id, state, options = input.payment.provider_id, object(input.state), object(input.options)
  local place = {
    id = id,
    currency = options.currency or state.currency,
    address = options.address or state.address,
    pos_id = options.pos_id or state.pos_id,
    user = options.user or state.user,
    accepted = state.accepted,
    payment = input.payment,
  }
  if not place.currency or not place.address then
    local record = object(find_transaction(id, place))
    place.listed = record
    place.currency, place.address = plain_text(record.currency), plain_text(record.address)
    place.pos_id = place.pos_id or plain_text(record.pos_id)
  end
  if not place.currency or not place.address then
    fail("NotFound", "ForumPay asks for a payment by its coin and address too, and lists none with this id: give them as "
      .. "options.currency and options.address.", {code = "unknown_place"})
  end
  place.pos_id = place.pos_id or pos_id_of({})
  check_pos_id(place.pos_id, "InvalidRequest", "$.options.pos_id")
  return place
end

local function state_of(place)
  return {
    currency = place.currency, address = place.address, pos_id = place.pos_id, user = place.user,
    accepted = place.accepted,
  }
end

local function check_payment(place)
  local record = read("CheckPayment", {
    {"pos_id", place.pos_id},
    {"currency", place.currency},
    {"payment_id", place.id},
    {"address", place.address},
  }, place)
  local other = plain_text(record.payment_id) and record.payment_id ~= place.id
  if other or (plain_text(record.currency) and record.currency ~= place.currency) then
    fail("ProviderError", "ForumPay answered with another payment than was asked for.")
  end
  return record
end

-- What the shop's refunds of a payment that its store has come to, in coins; nil where that cannot be said.
local function refunded_here(payment, currency)
  local ok, total = pcall(function()
    local sum = money.of("0", currency)
    for _, refund in ipairs(object(payment).refunds or {}) do sum = money.add(sum, refund.amount) end
    return sum
  end)
  return ok and total or nil
end

-- Whether the shop has asked for all the coins of the payment to go back.
local function sent_back(record, place)
  local refunded, came = refunded_here(object(place).payment, record.currency), money_of(record.payment, record.currency)
  return refunded ~= nil and came ~= nil and money.compare(refunded, came) >= 0
end

-- Cancelled by word or flag, yet coins are there: they came late or were too few, and the shop decides about them until
-- they go back.
local function cancelled_status(record, place)
  local open = record.refund_amount_opened
  if not coins(record.payment) or sent_back(record, place) then return "cancelled" end
  return (open == nil or open == json.null or coins(open)) and "underpaid" or "cancelled"
end

-- A transaction without `state`, as the page lists them. Its `status` is for people and decides nothing.
local function status_by_times(record)
  local confirmed, cancelled = time_of(record.confirmed), time_of(record.cancelled)
  if confirmed and not cancelled then return "paid" end
  if cancelled and not confirmed then return cancelled_status(record) end
  if cancelled then log.warn("a transaction is confirmed and cancelled; it counts as processing") end
  return (cancelled or coins(record.payment)) and "processing" or "pending"
end

-- `confirmed` is the page's word for the end of waiting; `state` must agree before money counts as there. nil: a state
-- that no documentation has.
local function known_status(record, place)
  local status, confirmed = STATUS[record.state], flag(record.confirmed)
  if status == "paid" and not confirmed then return "processing" end
  if confirmed and status ~= "paid" and status ~= "failed" then
    log.warn("a payment is confirmed, but its state is not; it counts as processing")
    return status and "processing"
  end
  if status == "cancelled" or (status == "pending" and flag(record.cancelled)) then
    return cancelled_status(record, place)
  end
  return status
end

local function status_of(record, place)
  return known_status(record, place)
    or fail("ProviderError", "ForumPay answered with a state that no documentation has.", {code = "unknown_status"})
end

-- In a list one odd record must not hide the others: it counts as processing.
local function listed_status(record)
  if record.state == nil then return status_by_times(record) end
  local status = known_status(record)
  if not status then log.warn("a listed payment has a state that no documentation has; it counts as processing") end
  return status or "processing"
end

-- What was asked for. After an acceptance the smaller amount may stand there instead; the payment stays over the first.
local function amount_of(record, place)
  local amount = money_of(record.invoice_amount, record.invoice_currency)
  local asked = object(object(place).payment).amount
  if amount and place and place.accepted and same_amount(amount.amount, place.accepted) then return asked end
  return amount
end

-- Paid and due in the invoice's currency, where they are exact: the service reports coins, and a rate does not divide
-- evenly. An unpaid invoice says nothing, for its zero would stay beside a later part that nobody can put a number on. Of a
-- payment that is paid the core knows it: the amount, unless the shop accepted less, which it did for an amount of its own.
local function paid_and_due(record, status, amount, place)
  if not amount or (status ~= "paid" and status ~= "processing") then return nil, nil end
  local zero, accepted = money.of("0", amount.currency), object(place).accepted
  if accepted then return money_of(accepted, amount.currency), zero end
  if status == "processing" and same_amount(record.payment, record.amount) then return amount, zero end
  return nil, nil
end

-- The rest of an underpayment has an address of its own (maker). Otherwise only what the payment lacks is said, for
-- CheckPayment repeats neither the payment URI nor the rate.
local function pay_to_of(record, status, place)
  local rest = object(record.underpayment)
  if status == "underpaid" and coins(rest.missing_amount) then
    return {
      currency = plain_text(record.currency), amount = digits(rest.missing_amount), address = plain_text(rest.address),
      uri = plain_text(rest.qr),
    }
  end
  local known = place and object(place.payment.pay_to).address
  if status ~= "pending" or known then return nil end
  return {
    currency = plain_text(record.currency), amount = digits(record.amount),
    address = plain_text(record.address) or place and place.address,
  }
end

local function payment_from(record, status, place)
  local amount = amount_of(record, place)
  local paid, due = paid_and_due(record, status, amount, place)
  local rest = object(record.underpayment)
  return {
    id = place and place.id or plain_text(record.payment_id),
    status = status,
    amount = amount,
    amount_paid = paid,
    amount_due = due,
    reference = figure(record.reference_no),
    checkout_url = plain_text(record.access_url),
    qr_url = status == "underpaid" and plain_text(rest.qr_img) or nil,
    pay_to = pay_to_of(record, status, place),
    decline = status == "failed" and {code = record.state, message = plain_text(record.status)} or nil,
    created_at = time_of(record.inserted),
    state = place and state_of(place) or nil,
    raw = record,
  }
end

-- ---- payments

local function coin_of(input)
  return plain_text(input.pay_currency)
    or fail("InvalidRequest", "ForumPay wants to know which coin the payer sends: give pay_currency, such as BTC. "
      .. "currencies.list tells the coins and rates.get what one costs.", {field = "$.pay_currency"})
end

local function quote(amount, currency, options)
  return read("GetRate", {
    {"pos_id", pos_id_of(options)},
    {"invoice_currency", amount.currency},
    {"invoice_amount", amount.amount},
    {"currency", currency},
    {"accept_zero_confirmations", options.accept_zero_confirmations == true},
    {"require_kyt_for_confirmation", options.require_kyt_for_confirmation},
  }, options)
end

-- What a shop says of an order beyond the page's parameters goes out only when the setting says so.
local function order_details(input)
  if not settings.send_order_details then return {} end
  return {
    webhook_url = input.webhook_url, success_url = input.return_url, failure_url = input.cancel_url,
    email = object(input.customer).email,
  }
end

local function start_fields(input, payment_id)
  local options, customer, details = object(input.options), object(input.customer), order_details(input)
  local fields = {
    {"pos_id", pos_id_of(options)},
    {"payment_id", payment_id},
    {"invoice_currency", input.amount.currency},
    {"invoice_amount", input.amount.amount},
    {"currency", coin_of(input)},
    {"reference_no", input.reference},
    {"accept_zero_confirmations", options.accept_zero_confirmations == true},
    {"payer_ip_address", customer.ip},
    {"payer_user_agent", customer.user_agent},
    {"require_kyt_for_confirmation", options.require_kyt_for_confirmation},
    {"payer_email", options.payer_email or details.email},
    {"webhook_url", details.webhook_url},
    {"on_success_redirect_url", details.success_url},
    {"on_failure_redirect_url", details.failure_url},
  }
  for _, name in ipairs({
    "payer_id", "auto_accept_underpayment", "auto_accept_underpayment_min", "auto_accept_overpayment",
    "auto_accept_overpayment_max", "auto_accept_late_payment", "wallet_app_id", "sid", "network_processing_fee_paid_by",
  }) do
    fields[#fields + 1] = {name, options[name]}
  end
  for _, name in ipairs({
    "payer_type", "payer_first_name", "payer_last_name", "payer_date_of_birth", "payer_country_of_birth",
    "payer_company", "payer_date_of_incorporation", "payer_country",
  }) do
    fields[#fields + 1] = {name, object(options.payer)[name]}
  end
  return fields
end

local function start_method()
  return settings.start_payment_by == "POST" and "POST" or "write"
end

local function start(fields, who)
  return send("StartPayment", fields, start_method(), who)
end

-- The page's own sample shows a payment URI over another amount than the payment. What the service says is passed on.
local function check_uri(record)
  local named = text.split(plain_text(record.qr) or "", "amount=")[2]
  if named and not same_amount(text.split(named, "&")[1], record.amount) then
    log.warn("the payment URI asks for another amount than the payment")
  end
end

function provider.payments.create(input)
  local options, currency = object(input.options), coin_of(input)
  local who = {locale = options.locale or object(input.customer).locale, user = options.user}
  local quoted = options.payment_id
    or quote(input.amount, currency, {
      accept_zero_confirmations = options.accept_zero_confirmations,
      require_kyt_for_confirmation = options.require_kyt_for_confirmation,
      pos_id = options.pos_id, locale = who.locale, user = who.user,
    }).payment_id
  if not plain_text(quoted) then fail("ProviderError", "ForumPay's quote has no payment_id to start with.") end
  local record = start(start_fields(input, quoted), who)
  local address = plain_text(record.address)
  if record.payment_id ~= quoted or record.currency ~= currency or not address then
    fail("ProviderError", "ForumPay's answer is not the payment that was asked for.")
  end
  check_uri(record)
  return {
    id = quoted,
    status = "pending",
    amount = money_of(record.invoice_amount, record.invoice_currency),
    checkout_url = plain_text(record.access_url),
    qr_url = plain_text(record.qr_img),
    pay_to = {
      currency = currency, amount = digits(record.amount), address = address, uri = plain_text(record.qr),
      rate = digits(record.rate),
    },
    state = {currency = currency, address = address, pos_id = pos_id_of(options), user = who.user},
    raw = record,
  }
end

function provider.payments.get(input)
  local place = place_of(input)
  local record = check_payment(place)
  return payment_from(record, status_of(record, place), place)
end

local function offset_of(cursor)
  if cursor == nil then return 0 end
  local offset = text.digits(cursor) and tonumber(cursor)
  if not offset then
    fail("InvalidRequest", "A cursor is what the page before gave as next.", {field = "$.cursor"})
  end
  return offset
end

-- A filter that the service does not have is refused: a list that leaves it out would show payments nobody asked for.
local function check_filters(input)
  for _, name in ipairs({"status", "currency", "from", "to"}) do
    if input[name] ~= nil then
      fail("InvalidRequest", "ForumPay cannot filter by " .. name .. ": leave it out and choose from the list.",
        {field = "$." .. name})
    end
  end
  if input.reference ~= nil and not settings.send_order_details then
    fail("InvalidRequest", "Only the maker's client filters by reference: turn the setting send_order_details on to do so.",
      {field = "$.reference"})
  end
end

function provider.payments.list(input)
  check_filters(input)
  local offset, limit = offset_of(input.cursor), input.limit or PAGE_SIZE
  local wanted = object(object(input.wanted).options)
  local found = transactions(offset, limit, input.reference,
    {user = object(input.options).user or wanted.user, pos_id = wanted.pos_id})
  local items = json.array({})
  for _, item in ipairs(found) do
    local record = object(item)
    if plain_text(record.payment_id) then items[#items + 1] = payment_from(record, listed_status(record)) end
  end
  -- The service tells neither a total nor its largest page, so a page ends the list only when it is empty.
  return {items = items, next = #found > 0 and tostring(offset + #found) or nil}
end

-- In characters, not bytes: in UTF-8 each begins with a byte that is none of 0x80 to 0xBF.
local function length_of(value)
  local count = 0
  for at = 1, #value do
    local byte = value:byte(at)
    if byte < 0x80 or byte > 0xBF then count = count + 1 end
  end
  return count
end

-- The service wants a reason from its own list and a comment; a shop's own words are the comment. That options.comment is no
-- longer than a comment may be says the manifest.
local function reason_and_comment(input)
  local options, reason = object(input.options), plain_text(input.reason)
  local known = reason and CANCEL_REASONS[reason]
  local comment = options.comment or (not known and reason) or "Cancelled by the shop"
  if length_of(comment) > MAX_COMMENT then
    fail("InvalidRequest", "ForumPay takes at most 255 characters as a reason.", {field = "$.reason"})
  end
  return options.reason or (known and reason) or "other", comment
end

function provider.payments.cancel(input)
  local place = place_of(input)
  local reason, comment = reason_and_comment(input)
  local reply = write("CancelPayment", {
    {"pos_id", place.pos_id},
    {"currency", place.currency},
    {"payment_id", place.id},
    {"address", place.address},
    {"reason", reason},
    {"comment", comment},
  }, place)
  local cancelled = flag(reply.cancelled)
  if cancelled == nil then fail("ProviderError", "ForumPay's answer does not say whether the payment is cancelled.") end
  return {
    id = place.id,
    status = cancelled and "cancelled" or input.payment.status,
    state = state_of(place),
    raw = reply,
  }
end

-- What the accepted coins count for in the invoice's currency: the caller's amount, or what the service itself says that
-- exactly these coins are worth (maker). No documentation tells how to compute it.
local function accepted_worth(input, record)
  local amount = input.amount
  if amount then
    if amount.currency ~= record.invoice_currency then
      fail("InvalidRequest", "The accepted amount is in the invoice's currency.", {field = "$.amount.currency"})
    end
    return amount.amount
  end
  local worth = coins(record.unconfirmed_invoice_amount)
  if worth and same_amount(record.unconfirmed_amount, record.payment) then return worth end
  fail("InvalidRequest", "ForumPay wants to know for how much of the invoice the coins are accepted, and does not say it "
    .. "itself: give amount in the invoice's currency.", {field = "$.amount"})
end

function provider.payments.accept(input)
  local place = place_of(input)
  local record = check_payment(place)
  local status, came = status_of(record, place), coins(record.payment)
  if not came then conflict("nothing_to_accept", "No coins came for this payment, so there is nothing to accept.") end
  if status ~= "underpaid" and status ~= "pending" then
    conflict("nothing_to_accept", "This payment lacks nothing that could be accepted.")
  end
  place.accepted = accepted_worth(input, record)
  local reply = write("AcceptPayment", {
    {"pos_id", place.pos_id},
    {"payment_id", place.id},
    {"currency", place.currency},
    {"address", place.address},
    {"accepted_amount", came},
    {"accepted_invoice_amount", place.accepted},
  }, place)
  if not flag(reply.success) then fail("ProviderError", "ForumPay's answer does not say that the payment is accepted.") end
  -- Accepted is not confirmed yet: payments.get tells when it is.
  return {id = place.id, status = "processing", state = state_of(place), raw = reply}
end

-- ---- refunds

-- The page has refund_amount_opened in the answer of CheckPayment, its sample and the maker's only in GetTransactions.
local function open_for_refund(record, place)
  local open = record.refund_amount_opened
  if open == nil then open = object(place.listed or find_transaction(place.id, place)).refund_amount_opened end
  return coins(open)
    or conflict("nothing_to_refund", "ForumPay holds nothing that could be paid back for this payment.")
end

-- The service pays back all that is open and nothing else. The whole invoice stands for all the coins that came.
local function check_refund_amount(input, record, open, place)
  local amount, price = input.amount, object(input.payment.amount)
  if not amount then return end
  local coins_named = amount.currency == place.currency and same_amount(amount.amount, open)
  local invoice_named = amount.currency == price.currency and same_amount(amount.amount, price.amount)
  if coins_named or (invoice_named and same_amount(open, record.payment)) then return end
  fail("InvalidRequest", "ForumPay refunds exactly what is open, " .. open .. " " .. place.currency
    .. ": give this amount or none.", {field = "$.amount"})
end

function provider.refunds.create(input)
  local address = plain_text(input.address)
    or fail("InvalidRequest", "ForumPay sends a refund to an address that the payer must give.", {field = "$.address"})
  local place = place_of(input)
  local record = check_payment(place)
  local open = open_for_refund(record, place)
  check_refund_amount(input, record, open, place)
  local reply = write("RefundPayment", {
    {"pos_id", place.pos_id},
    {"payment_id", place.id},
    {"currency", place.currency},
    {"address_out", address},
    {"refund_amount", open},
  }, place)
  return {status = "pending", amount = money_of(open, place.currency), raw = reply}
end

-- The service numbers no refunds: it shows one sum with each transaction. So the refunds are those that the shop's store has,
-- known by our ids, and what the service shows beyond them is one more, known by the payment's id. No word of refund_status
-- is documented, so none is taken for an end.
local function refunds_of(input)
  local id = input.payment.provider_id
  local record = object(find_transaction(id, object(input.state)))
  local ours, items = {}, json.array({})
  for _, known in ipairs(input.payment.refunds or {}) do
    if known.provider_id ~= id then
      ours[#ours + 1] = known
      items[#items + 1] = {id = known.id, status = "pending", amount = known.amount, raw = record}
    end
  end
  local shown, counted = money_of(record.refund, record.currency), refunded_here({refunds = ours}, record.currency)
  if shown and counted and money.compare(shown, counted) > 0 then
    items[#items + 1] = {id = id, status = "pending", amount = money.sub(shown, counted), raw = record}
  end
  return items
end

function provider.refunds.list(input)
  return {items = refunds_of(input)}
end

function provider.refunds.get(input)
  for _, refund in ipairs(refunds_of(input)) do
    if refund.id == input.id then return refund end
  end
  fail("NotFound", "ForumPay lists no such refund for this payment.")
end

-- ---- rates and coins

function provider.rates.get(input)
  if not plain_text(input.from) then
    fail("InvalidRequest", "Say from which coin the rate is wanted, such as BTC.", {field = "$.from"})
  end
  if not input.amount or input.amount.currency ~= input.to then
    fail("InvalidRequest", "ForumPay quotes a rate for an invoice: give its amount in the currency of `to`.",
      {field = "$.amount"})
  end
  local record = quote(input.amount, input.from, object(input.options))
  if record.currency ~= input.from or record.invoice_currency ~= input.to or not digits(record.rate) then
    fail("ProviderError", "ForumPay answered with another rate than was asked for.")
  end
  return {from = record.currency, to = record.invoice_currency, rate = digits(record.rate), raw = record}
end

local function currency_list(input)
  return ipairs(read("GetCurrencyList", {
    {"pos_id", pos_id_of({})}, {"invoice_currency", object(input.options).invoice_currency},
  }))
end

function provider.rates.list(input)
  local items = json.array({})
  for _, item in currency_list(input) do
    local coin = object(item)
    if plain_text(coin.currency) and plain_text(coin.currency_fiat) and digits(coin.rate) then
      items[#items + 1] = {from = coin.currency, to = coin.currency_fiat, rate = digits(coin.rate), raw = coin}
    end
  end
  return {items = items}
end

function provider.currencies.list(input)
  local items = json.array({})
  for _, item in currency_list(input) do
    local coin = object(item)
    if plain_text(coin.currency) then
      items[#items + 1] = {code = coin.currency, name = plain_text(coin.description), crypto = true, raw = coin}
    end
  end
  return {items = items}
end

function provider.check()
  transactions(0, 1, nil, {})
  return {ok = true}
end

-- The page's notifications name their event. The maker's hold payment_id and reference_no only, and a test of the address
-- holds webhook_test.
function provider.webhooks.receive(input)
  local body = object(input.json)
  if flag(body.webhook_test) then return {event = "webhook_test"} end
  local id = plain_text(body.payment_id) or fail("InvalidRequest", "This notification names no payment.")
  return {event = plain_text(body.event) or "payment", payment = {id = id}}
end

-- ---- native calls, by their documented names and parameters

local RATE = {
  "pos_id", "invoice_currency", "invoice_amount", "currency", "accept_zero_confirmations", "require_kyt_for_confirmation",
  "wallet_app_id", "sid",
}
local RATES = {
  "pos_id", "invoice_currency", "invoice_amount", "currencies", "accept_zero_confirmations",
  "require_kyt_for_confirmation", "wallet_app_id", "sid",
}
local START = {
  "pos_id", "payment_id", "invoice_currency", "invoice_amount", "currency", "reference_no", "accept_zero_confirmations",
  "payer_ip_address", "payer_user_agent", "require_kyt_for_confirmation", "payer_email", "payer_id", "payer_kyc_pin",
  "payer_type", "payer_first_name", "payer_last_name", "payer_date_of_birth", "payer_country_of_birth", "payer_company",
  "payer_date_of_incorporation", "payer_country", "auto_accept_underpayment", "auto_accept_underpayment_min",
  "auto_accept_overpayment", "auto_accept_overpayment_max", "auto_accept_late_payment", "wallet_app_id", "sid",
  "webhook_url", "on_success_redirect_url", "on_failure_redirect_url", "network_processing_fee_paid_by",
}

-- action -> {its parameters in the page's order, then the maker's; how many of the first must be given; how it is sent, if
-- not as a setting says}
local ACTIONS = {
  GetRate = {RATE, 4, "read"},
  StartPayment = {START, 5},
  CheckPayment = {{"pos_id", "currency", "payment_id", "address"}, 4, "read"},
  CancelPayment = {{"pos_id", "currency", "payment_id", "address", "reason", "comment"}, 4, "write"},
  AcceptPayment = {
    {"pos_id", "payment_id", "currency", "address", "accepted_amount", "accepted_invoice_amount"}, 6, "write",
  },
  RefundPayment = {{"pos_id", "payment_id", "currency", "address_out", "refund_amount"}, 5, "write"},
  GetCurrencyList = {{"pos_id", "invoice_currency"}, 1, "read"},
  GetTransactions = {{"offset", "limit", "reference_no", "pos_id"}, 0, "read"},
  Ping = {{"webhook_url", "pos_id"}, 0, "read"},
  GetRates = {RATES, 4, "read"},
  GetWalletApps = {{"pos_id"}, 0, "read"},
  RequestKyc = {{"email", "pos_id"}, 1, "POST"},
}

local function check_known(params, names)
  local known = {locale = true, user = true}
  for _, name in ipairs(names) do known[name] = true end
  for name in pairs(params) do
    if not known[name] then
      fail("InvalidRequest", "No documentation has a parameter " .. name .. " of this action.", {field = "$." .. name})
    end
  end
end

-- null says nothing, as in any other place: it is neither sent nor does it stand for what must be given.
local function drop_nulls(params)
  for name, value in pairs(params) do
    if value == json.null then params[name] = nil end
  end
end

for action, entry in pairs(ACTIONS) do
  local names, needed, how = entry[1], entry[2], entry[3]
  provider.native[action] = function(params)
    check_known(params, names)
    drop_nulls(params)
    local fields = {}
    for at, name in ipairs(names) do
      local value = params[name]
      if name == "pos_id" and value == nil and at <= needed then value = settings.pos_id end
      if name == "pos_id" and value ~= nil then check_pos_id(value, "InvalidRequest", "$.pos_id") end
      if value == nil and at <= needed then fail("InvalidRequest", name .. " is required.", {field = "$." .. name}) end
      fields[at] = {name, value}
    end
    return send(action, fields, how or start_method(), params)
  end
end
