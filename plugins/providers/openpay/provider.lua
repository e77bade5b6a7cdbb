-- OpenPay: paylinks, card payments with card verification, transactions.
-- Protocol: https://merchant.openpay.bz/api-docs/ ("the documentation" below).

-- What a transaction's status means for a payment. A refunded payment was paid; amount_refunded tells the rest.
local TRANSACTION_STATUS = {pending = "processing", completed = "paid", failed = "failed", refunded = "paid"}
-- The payment statuses for which the documentation has one status of its own.
local STATUS_FILTER = {processing = "pending", paid = "completed", failed = "failed"}
-- The documentation's largest `limit`, and how many such pages of one paylink are read.
local PAGE_SIZE, MAX_PAGES = 100, 10

-- "Full card number (16 digits)".
local CARD_DIGITS = 16

local CARD_FIELDS = {"card_number", "card_expiry_month", "card_expiry_year", "card_cvv", "card_holder_name"}
local PAYLINK_FIELDS = {"amount", "currency", "description", "customer_name", "customer_email", "return_url"}
local LIST_FIELDS = {
  "page", "limit", "status", "currency", "start_date", "end_date", "paylink_id", "transaction_type",
}

local function object(value)
  return type(value) == "table" and value ~= json.null and value or {}
end

local function plain_text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

local function integer(value)
  return type(value) == "number" and value or nil
end

-- OpenPay's own sentence, or ours where it gave none.
local function said(body, otherwise)
  return plain_text(body.message) and "OpenPay says: " .. body.message or otherwise
end

-- The `data` member that every successful answer has.
local function data_of(reply)
  local body = object(reply.json)
  if body.success ~= true or type(body.data) ~= "table" or body.data == json.null then
    fail("ProviderError", said(body, "OpenPay's answer holds no data."))
  end
  return body.data
end

local function amount_of(record)
  local ok, amount = pcall(money.of, record.amount, record.currency)
  if not ok then fail("ProviderError", "OpenPay's answer holds no valid amount and currency.") end
  return amount
end

local function time_of(value)
  return plain_text(value) and time.parse(value) or nil
end

local function iso(value)
  return type(value) == "number" and time.iso(value) or value
end

-- The documentation tags a test merchant's transactions with `test_mode` in their metadata.
local function tagged_test(transaction)
  local metadata = transaction.metadata
  if transaction.test_mode == true then return true end
  if type(metadata) ~= "table" or metadata == json.null then return nil end
  return metadata.test_mode == true
end

local function id_of(value)
  return plain_text(value) or fail("ProviderError", "OpenPay's answer names no id.")
end

-- OpenPay has no field for the shop's own reference, so a payment without a description says it there.
local function description_of(input)
  if plain_text(input.description) then return input.description end
  return plain_text(input.reference) and "Order " .. input.reference or nil
end

local function check_number(card)
  if card.number_length == CARD_DIGITS then return end
  fail("InvalidRequest", "OpenPay takes cards whose number has 16 digits.", {field = "$.card.number"})
end

local function card_text(card, name)
  return plain_text(card[name]) or fail("InvalidRequest", "OpenPay needs the card's " .. name .. ".",
    {field = "$.card." .. name})
end

-- ---- paylinks

local function create_paylink(input)
  local customer = object(input.customer)
  local reply = http.post("/paylinks", {json = json.object(
    "amount", money.decimal(input.amount),
    "currency", input.amount.currency,
    "description", description_of(input),
    "customer_name", plain_text(customer.name),
    "customer_email", plain_text(customer.email),
    "return_url", input.return_url)})
  local link = data_of(reply)
  return {
    id = id_of(link.id),
    status = "pending",
    amount = amount_of(link),
    checkout_url = plain_text(link.url),
    qr_url = plain_text(link.qr_code),
    created_at = time_of(link.created_at),
    state = {kind = "paylink"},
    raw = reply.json,
  }
end

-- Every transaction of one paylink, once: a transaction that comes in between two pages moves others onto the next page,
-- where they show again. Items that name another paylink are left out, whatever the server's filter does.
local function transactions_of_paylink(id)
  local found, place, page, pages = {}, {}, 1, 1
  while page <= pages do
    if page > MAX_PAGES then
      fail("ProviderError", "OpenPay lists more than 1,000 transactions for one paylink; see them with payments.list.")
    end
    local query = {{"limit", PAGE_SIZE}, {"paylink_id", id}}
    if page > 1 then table.insert(query, 1, {"page", page}) end
    local reply = http.get("/transactions", {query = query})
    for _, transaction in ipairs(data_of(reply)) do
      local owner = transaction.paylink_id
      if owner == nil or owner == json.null or owner == id then
        local name = id_of(transaction.id)
        place[name] = place[name] or #found + 1
        found[place[name]] = transaction
      end
    end
    pages = integer(object(reply.json.pagination).total_pages) or 1
    page = page + 1
  end
  return found
end

-- Adds up what a paylink's transactions moved, in the paylink's currency only: a charge in another currency is money that
-- no exact rule turns into this one.
local function totals_of(transactions, amount)
  local zero = money.of("0", amount.currency)
  local total = {paid = zero, refunded = zero, refund_records = zero}
  for _, transaction in ipairs(transactions) do
    local kind = transaction.transaction_type or "payment"
    local moved = amount_of(transaction)
    local same = moved.currency == amount.currency
    if kind == "payment" and transaction.status == "pending" then total.waiting = true end
    if kind == "payment" and (transaction.status == "completed" or transaction.status == "refunded") then
      if total.test == nil then total.test = tagged_test(transaction) end
      if not same then
        total.waiting = true
        log.warn("a transaction of this paylink is in " .. moved.currency .. " and was not counted")
      else
        total.paid = money.add(total.paid, moved)
        if transaction.status == "refunded" then total.refunded = money.add(total.refunded, moved) end
      end
    end
    if kind == "refund" and transaction.status == "completed" and same then
      total.refund_records = money.add(total.refund_records, moved)
    end
  end
  -- A refund may show as the payment's status, as a record of its own, or both: the larger sum is the one that is whole.
  if money.compare(total.refund_records, total.refunded) > 0 then total.refunded = total.refund_records end
  return total
end

-- A declined card leaves a failed transaction but the paylink stays open: the payer may try again.
local function paylink_status(total, amount)
  if not money.is_zero(total.paid) then
    return money.compare(total.paid, amount) >= 0 and "paid" or "underpaid"
  end
  return total.waiting and "processing" or "pending"
end

local function paylink_from(link)
  local amount = amount_of(link)
  local transactions = transactions_of_paylink(link.id)
  local total = totals_of(transactions, amount)
  return {
    id = link.id,
    status = paylink_status(total, amount),
    amount = amount,
    amount_paid = total.paid,
    amount_refunded = not money.is_zero(total.refunded) and total.refunded or nil,
    checkout_url = plain_text(link.url),
    qr_url = plain_text(link.qr_code),
    created_at = time_of(link.created_at),
    test = total.test,
    state = {kind = "paylink"},
    raw = {paylink = link, transactions = json.array(transactions)},
  }
end

-- ---- card payments and transactions

-- Only a card verification's own small charge says `verification_required`, and that is no payment of an order.
local function unless_verification(payment, transaction)
  if transaction.verification_required == true then
    payment.status, payment.amount_paid = "requires_action", nil
    payment.next_action = {type = "confirm_card_amount", call = "cards.confirm", message = "Confirm the amount charged to the card."}
  end
  return payment
end

local function from_transaction(transaction)
  local status = TRANSACTION_STATUS[transaction.status]
    or fail("ProviderError", "OpenPay answered with a transaction status that its documentation does not have.",
      {code = "unknown_status"})
  local amount = amount_of(transaction)
  local payment = {
    id = id_of(transaction.id),
    status = status,
    amount = amount,
    amount_paid = status == "paid" and amount or nil,
    amount_refunded = transaction.status == "refunded" and amount or nil,
    created_at = time_of(transaction.created_at),
    test = tagged_test(transaction),
    state = {kind = "transaction"},
    raw = transaction,
  }
  return unless_verification(payment, transaction)
end

-- The documented 402 names no transaction: this payment has no id at OpenPay and never gets one. After cards.confirm the
-- card is known and a new payments.create charges it.
local function verification_needed(body)
  if body.error_code ~= "VERIFICATION_INITIATED" and body.verification_required ~= true then
    fail("ProviderError", said(body, "OpenPay answered 402 without starting a card verification."),
      {code = plain_text(body.error_code)})
  end
  return {
    status = "requires_action",
    next_action = {
      type = "confirm_card_amount",
      call = "cards.confirm",
      then_call = "payments.create",
      message = plain_text(body.message) or "Confirm the small amount charged to the card, then pay again.",
    },
    test = body.test_mode == true,
    state = {kind = "transaction"},
    raw = body,
  }
end

-- A 400 with a response code is the card's refusal; one without is a mistake in the request.
local function declined(body)
  local code = plain_text(body.response_code)
  if not code then fail("InvalidRequest", said(body, "OpenPay refused the request.")) end
  return {
    status = "failed",
    decline = {code = code, message = plain_text(body.message)},
    test = body.test_mode == true,
    state = {kind = "transaction"},
    raw = body,
  }
end

-- The answer to a card payment names no amount, its transaction does. Empty when that cannot be read now.
local function charged_transaction(id)
  local reply = http.get("/transactions/{id}", {path = {id = id}, optional = true})
  local transaction = object(object(reply and reply.json).data)
  return transaction.id == id and transaction or {}
end

-- nil when the transaction does not say.
local function amount_charged(transaction)
  local ok, amount = pcall(money.of, transaction.amount, transaction.currency)
  return ok and amount or nil
end

local function create_card_payment(input)
  local card, customer = input.card, object(input.customer)
  check_number(card)
  local reply = http.post("/payments", {expect = {200, 400, 402}, json = json.object(
    "amount", money.decimal(input.amount),
    "currency", input.amount.currency,
    "card_number", card_text(card, "number"),
    "card_expiry_month", card_text(card, "expiry_month"),
    "card_expiry_year", card_text(card, "expiry_year"),
    "card_cvv", card_text(card, "cvv"),
    "card_holder_name", card_text(card, "holder_name"),
    "description", description_of(input),
    "customer_name", plain_text(customer.name),
    "customer_email", plain_text(customer.email))})
  local body = object(reply.json)
  if reply.status == 402 then return verification_needed(body) end
  if reply.status == 400 then return declined(body) end
  local data = data_of(reply)
  local status = TRANSACTION_STATUS[data.status]
    or fail("ProviderError", "OpenPay answered with a payment status that its documentation does not have.",
      {code = "unknown_status"})
  local id = id_of(data.transaction_id)
  local transaction = status == "paid" and charged_transaction(id) or {}
  local amount = amount_charged(transaction)
  -- A payment whose amount nobody has seen is not called paid: payments.get says so once the transaction can be read.
  if status == "paid" and not amount then status = "processing" end
  local payment = {
    id = id,
    status = status,
    amount = amount,
    amount_paid = amount,
    decline = status == "failed" and {code = plain_text(data.response_code), message = plain_text(data.message)} or nil,
    test = body.test_mode == true,
    state = {kind = "transaction"},
    raw = body,
  }
  return unless_verification(payment, transaction)
end

local function get_transaction(id)
  local reply = http.get("/transactions/{id}", {path = {id = id}})
  local transaction = data_of(reply)
  if transaction.id ~= id then fail("ProviderError", "OpenPay answered with another transaction than was asked for.") end
  local payment = from_transaction(transaction)
  if reply.json.test_mode == true then payment.test = true end
  return payment
end

-- ---- payments

-- A filter that OpenPay does not have is refused: a list that leaves it out would show payments nobody asked for.
local function status_filter(input, options)
  if input.status == nil then return options.status end
  if options.status ~= nil then
    fail("InvalidRequest", "Give either status or options.status: OpenPay filters by one.", {field = "$.status"})
  end
  return STATUS_FILTER[input.status]
    or fail("InvalidRequest", "OpenPay cannot filter by this status; it can by processing, paid and failed.", {field = "$.status"})
end

function provider.payments.create(input)
  if input.card then return create_card_payment(input) end
  return create_paylink(input)
end

function provider.payments.get(input)
  local id, kind = input.payment.provider_id, object(input.state).kind
  if kind == "transaction" then return get_transaction(id) end
  -- A payment that this shop's store does not know may be either.
  local reply = http.get("/paylinks/{id}", {path = {id = id}, expect = kind == nil and {404} or {}})
  if reply.status == 404 then return get_transaction(id) end
  local link = data_of(reply)
  if link.id ~= id then fail("ProviderError", "OpenPay answered with another paylink than was asked for.") end
  return paylink_from(link)
end

-- Pages count from 1.
local function page_of(cursor)
  if cursor == nil then return nil end
  local page = text.digits(cursor) and tonumber(cursor)
  if page and page >= 1 then return page end
  fail("InvalidRequest", "A cursor is what the page before gave as next.", {field = "$.cursor"})
end

function provider.payments.list(input)
  local options = object(input.options)
  if input.limit and input.limit > PAGE_SIZE then
    fail("InvalidRequest", "OpenPay lists at most 100 transactions per page.", {field = "$.limit"})
  end
  if input.reference ~= nil then
    fail("InvalidRequest", "OpenPay cannot filter by reference: it has no such field.", {field = "$.reference"})
  end
  if input.currency ~= nil and input.currency ~= "BZD" and input.currency ~= "USD" then
    fail("InvalidRequest", "OpenPay filters by BZD or USD: it has no other currency.", {field = "$.currency"})
  end
  local reply = http.get("/transactions", {query = {
    {"page", page_of(input.cursor)},
    {"limit", input.limit},
    {"status", status_filter(input, options)},
    {"currency", input.currency},
    {"start_date", iso(input.from)},
    {"end_date", iso(input.to)},
    {"paylink_id", options.paylink_id},
    {"transaction_type", options.transaction_type or "payment"},
  }})
  local items = json.array({})
  for _, transaction in ipairs(data_of(reply)) do items[#items + 1] = from_transaction(transaction) end
  local pagination = object(reply.json.pagination)
  local page, pages = integer(pagination.page), integer(pagination.total_pages)
  local more = page and pages and page < pages
  return {items = items, next = more and tostring(page + 1) or nil, total = integer(pagination.total)}
end

-- ---- cards

function provider.cards.verify(input)
  local card, customer = input.card, object(input.customer)
  check_number(card)
  local reply = http.post("/cards/verification/initiate", {json = json.object(
    "card_number", card_text(card, "number"),
    "card_expiry_month", card_text(card, "expiry_month"),
    "card_expiry_year", card_text(card, "expiry_year"),
    "card_cvv", card_text(card, "cvv"),
    "card_holder_name", card_text(card, "holder_name"),
    "customer_name", plain_text(customer.name),
    "customer_email", plain_text(customer.email))})
  local message = plain_text(object(reply.json).message)
  return {
    status = "requires_action",
    next_action = {type = "confirm_card_amount", call = "cards.confirm", message = message},
    message = message,
  }
end

function provider.cards.confirm(input)
  local card = input.card
  check_number(card)
  local reply = http.post("/cards/verification/complete", {expect = {200, 400}, json = json.object(
    "card_number", card_text(card, "number"),
    "card_expiry_month", card_text(card, "expiry_month"),
    "card_expiry_year", card_text(card, "expiry_year"),
    "amount", money.decimal(input.amount))})
  local body = object(reply.json)
  local message = plain_text(body.message)
  if reply.status == 200 then
    if body.success ~= true then fail("ProviderError", said(body, "OpenPay's answer does not say success.")) end
    return {status = "verified", message = message}
  end
  local left = body.remaining_attempts
  if type(left) ~= "number" then fail("InvalidRequest", said(body, "OpenPay refused the request.")) end
  -- The documentation blocks a card after two failures, which is where no attempt is left.
  return {status = "failed", remaining_attempts = left, blocked = left <= 0, message = message}
end

function provider.check(input)
  data_of(http.get("/transactions", {query = {{"limit", 1}}}))
  return {ok = true}
end

-- ---- native calls, by their documented names and fields

-- A remembered card takes the place of the documented card fields: card data reaches no script.
local function with_card(params)
  local card = params.card
  if type(card) ~= "table" then
    fail("InvalidRequest", "Give the card as a remembered `card`; the card_* fields are filled from it.", {field = "$.card"})
  end
  check_number(card)
  params.card_number, params.card_cvv = card.number, card.cvv
  params.card_expiry_month, params.card_expiry_year = card.expiry_month, card.expiry_year
  params.card_holder_name = card.holder_name
  params.card = nil
  return params
end

-- For the calls that charge: they want the code and the name on the card as well.
local function with_whole_card(params)
  local card = object(params.card)
  params = with_card(params)
  card_text(card, "cvv")
  card_text(card, "holder_name")
  return params
end

local function required(params, ...)
  for _, name in ipairs({...}) do
    if params[name] == nil then fail("InvalidRequest", name .. " is required.", {field = "$." .. name}) end
  end
end

-- The caller's number as JSON, digit by digit. An exponent is refused: nobody writes an amount like that on purpose.
local function number_of(value, name)
  local ok, number = pcall(json.number, value)
  if not ok or text.contains(tostring(value):lower(), "e") then
    fail("InvalidRequest", name .. " must be a number in plain digits, such as 48.25.", {field = "$." .. name})
  end
  return number
end

local function chosen(params, ...)
  local known, pairs_in_order = {}, {}
  for _, names in ipairs({...}) do
    for _, name in ipairs(names) do
      known[name] = true
      local value = params[name]
      if name == "amount" and value ~= nil then value = number_of(value, name) end
      if value ~= nil then
        pairs_in_order[#pairs_in_order + 1] = name
        pairs_in_order[#pairs_in_order + 1] = value
      end
    end
  end
  for name in pairs(params) do
    if not known[name] then
      fail("InvalidRequest", "OpenPay documents no field " .. name .. " for this call.", {field = "$." .. name})
    end
  end
  return pairs_in_order
end

local function body_of(params, ...)
  return json.object(table.unpack(chosen(params, ...)))
end

local function record_by_id(path)
  return function(params)
    chosen(params, {"id"})
    if not plain_text(params.id) then fail("InvalidRequest", "id is required.", {field = "$.id"}) end
    return http.get(path, {path = {id = params.id}}).json
  end
end

provider.native["POST /paylinks"] = function(params)
  required(params, "amount", "currency")
  return http.post("/paylinks", {json = body_of(params, PAYLINK_FIELDS)}).json
end

provider.native["GET /paylinks/:id"] = record_by_id("/paylinks/{id}")

provider.native["POST /payments"] = function(params)
  params = with_whole_card(params)
  required(params, "amount", "currency")
  local reply = http.post("/payments", {
    expect = {200, 400, 402},
    json = body_of(params, {"amount", "currency"}, CARD_FIELDS, {"description", "customer_name", "customer_email"}),
  })
  local body = object(reply.json)
  if reply.status == 400 and not plain_text(body.response_code) then
    fail("InvalidRequest", said(body, "OpenPay refused the request."))
  end
  return reply.json
end

provider.native["GET /transactions"] = function(params)
  local pairs_in_order, query = chosen(params, LIST_FIELDS), {}
  for at = 1, #pairs_in_order, 2 do query[#query + 1] = {pairs_in_order[at], pairs_in_order[at + 1]} end
  return http.get("/transactions", {query = query}).json
end

provider.native["GET /transactions/:id"] = record_by_id("/transactions/{id}")

provider.native["POST /cards/verification/initiate"] = function(params)
  return http.post("/cards/verification/initiate",
    {json = body_of(with_whole_card(params), CARD_FIELDS, {"customer_name", "customer_email"})}).json
end

provider.native["POST /cards/verification/complete"] = function(params)
  params = with_card(params)
  params.card_cvv, params.card_holder_name = nil, nil
  required(params, "amount")
  local reply = http.post("/cards/verification/complete", {
    expect = {200, 400},
    json = body_of(params, {"card_number", "card_expiry_month", "card_expiry_year", "amount"}),
  })
  local body = object(reply.json)
  if reply.status == 400 and type(body.remaining_attempts) ~= "number" then
    fail("InvalidRequest", said(body, "OpenPay refused the request."))
  end
  return reply.json
end
