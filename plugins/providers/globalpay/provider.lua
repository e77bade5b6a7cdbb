-- GlobalPay: invoices with a payment page, as payments.
-- Protocol: https://globalpay.cloudbhutan.com/docs/api-reference ("the documentation" below).

-- What an invoice's status means for a payment. Nothing says that an overdue invoice can no longer be paid, so it is no end.
local INVOICE_STATUS = {pending = "pending", overdue = "pending", paid = "paid", cancelled = "cancelled"}
-- The payment statuses for which GlobalPay has one of its own.
local STATUS_FILTER = {pending = "pending", paid = "paid", cancelled = "cancelled"}
-- The documentation's largest `limit`, and as many pages as one operation may ask for.
local PAGE_SIZE, MAX_PAGES = 100, 20
-- Beyond this, JSON numbers are not the same integer everywhere (RFC 8259, section 6).
local LARGEST_INTEGER = 9007199254740991
local LONGEST_ID = 255

local EVENTS = {
  ["invoice.created"] = true, ["invoice.paid"] = true,
  ["payment.completed"] = true, ["payment.failed"] = true, ["refund.processed"] = true,
}

local LIST_FIELDS = {"limit", "offset", "status", "customerId"}
local INVOICE_FIELDS = {"customerId", "amount", "currency", "description"}

local function object(value)
  return type(value) == "table" and value ~= json.null and value or {}
end

local function plain_text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- A date that cannot be read is no reason to lose the payment.
local function time_of(value)
  local ok, at = pcall(time.parse, value)
  return ok and at or nil
end

local function bad_answer(what)
  fail("ProviderError", "GlobalPay's answer " .. what .. ".")
end

-- ---- invoices

-- GlobalPay counts in the smallest unit of the currency.
local function minor_units(amount)
  local ok, minor = pcall(money.minor, amount)
  if not ok or minor > LARGEST_INTEGER then
    fail("InvalidRequest", "The amount is too large to be sent exactly.", {field = "$.amount"})
  end
  return minor
end

-- nil when it is none.
local function amount_of(invoice)
  local ok, amount = pcall(money.from_minor, invoice.amount, invoice.currency)
  return ok and amount or nil
end

-- GlobalPay has no field for the shop's own reference, so an invoice without a description says it there.
local function description_of(input)
  if plain_text(input.description) then return input.description end
  return plain_text(input.reference) and "Order " .. input.reference or nil
end

local function customer_of(input)
  return object(input.options).customerId or settings.customer_id
    or fail("InvalidRequest", "GlobalPay wants a customer for every invoice: give options.customerId, or set customer_id.",
      {field = "$.options.customerId"})
end

local function payment_of(invoice, status, amount)
  return {
    id = invoice.id,
    status = status,
    amount = amount,
    amount_paid = status == "paid" and amount or nil,
    checkout_url = plain_text(invoice.paymentUrl),
    created_at = time_of(invoice.createdAt),
    state = {customerId = plain_text(invoice.customerId)},
    raw = invoice,
  }
end

-- The one invoice that was asked for: what cannot be understood is an error.
local function known_payment(invoice)
  return payment_of(invoice, INVOICE_STATUS[invoice.status]
    or fail("ProviderError", "GlobalPay answered with an invoice status that its documentation does not have.",
      {code = "unknown_status"}),
    amount_of(invoice) or bad_answer("holds no valid amount and currency"))
end

-- An invoice that was just made exists, however odd the answer, and in a list an odd one must not hide the others: what
-- cannot be understood is left out, the log says so, and payments.get tells.
local function odd_payment(invoice)
  local status, amount = INVOICE_STATUS[invoice.status], amount_of(invoice)
  if not status then log.warn("an invoice has a status that GlobalPay's documentation does not have") end
  if not amount then log.warn("an invoice has no valid amount and currency") end
  if status == "paid" and not amount then status = nil end
  return payment_of(invoice, status, amount)
end

-- ---- pages

-- One page of invoices: its items, and the documented figures about the whole list.
local function page_of(query)
  local body = object(http.get("/api/invoices", {query = query}).json)
  local pagination = object(body.pagination)
  local items, total, limit = body.data, pagination.total, pagination.limit
  if type(items) ~= "table" or items == json.null or (items[1] == nil and next(items) ~= nil) then
    bad_answer("holds no list of invoices")
  end
  if type(total) ~= "number" or type(limit) ~= "number" or limit < 1 then
    bad_answer("does not say how long the list is")
  end
  return {items = items, total = total, limit = limit, more = pagination.hasMore == true}
end

-- The n-th page to look at (n from 0) when a list is searched from both ends inwards: 0, last, 1, last - 1, ... The order
-- of the list is not documented, and what is asked about is mostly new: it stands near one of the ends.
local function nth_page(n, pages)
  return n % 2 == 0 and n // 2 or pages - 1 - n // 2
end

-- No call that reads one invoice is documented, so it is looked for in the list.
local function find_invoice(id, customer)
  local function page_at(number, limit)
    return page_of({{"limit", limit}, {"offset", number > 0 and number * limit or nil}, {"customerId", customer}})
  end
  local first = page_at(0, PAGE_SIZE)
  -- The answer says which limit counted; a smaller one than was asked for must leave no gaps.
  local size, page, changed = math.min(first.limit, PAGE_SIZE), first, false
  local pages = math.max(1, (first.total + size - 1) // size)
  for n = 0, math.min(pages, MAX_PAGES) - 1 do
    if n > 0 then page = page_at(nth_page(n, pages), size) end
    for _, invoice in ipairs(page.items) do
      if object(invoice).id == id then return invoice end
    end
    changed = changed or page.total ~= first.total
  end
  if pages > MAX_PAGES then
    fail("ProviderError", "GlobalPay has no call that reads one invoice, and its list is too long to search: this invoice is not "
      .. "among the " .. tostring(MAX_PAGES * size) .. " at both ends of " .. tostring(first.total) .. ".",
      {code = "list_too_long"})
  end
  if changed then
    fail("ProviderError", "GlobalPay's list of invoices changed while it was searched: ask again.",
      {code = "list_changed", retryable = true})
  end
  fail("NotFound", "GlobalPay's list of invoices has no such invoice.")
end

-- ---- payments

function provider.payments.create(input)
  local customer = customer_of(input)
  local reply = http.post("/api/invoices", {json = json.object(
    "customerId", customer,
    "amount", minor_units(input.amount),
    "currency", input.amount.currency,
    "description", description_of(input))})
  local invoice = object(reply.json)
  if not plain_text(invoice.id) then bad_answer("names no invoice") end
  local payment = odd_payment(invoice)
  payment.status = payment.status or "pending"
  payment.state.customerId = payment.state.customerId or customer
  return payment
end

function provider.payments.get(input)
  local customer = object(input.options).customerId or plain_text(object(input.state).customerId)
  return known_payment(find_invoice(input.payment.provider_id, customer))
end

-- A filter that GlobalPay does not have is refused: a list that leaves it out would show payments nobody asked for.
local function status_filter(input, options)
  if input.status == nil then return options.status end
  if options.status ~= nil then
    fail("InvalidRequest", "Give either status or options.status: GlobalPay filters by one.", {field = "$.status"})
  end
  return STATUS_FILTER[input.status]
    or fail("InvalidRequest", "GlobalPay has no invoices with this status; it has pending, paid and cancelled ones.",
      {field = "$.status"})
end

local function offset_of(cursor)
  if cursor == nil then return nil end
  return text.digits(cursor) and tonumber(cursor)
    or fail("InvalidRequest", "This is no cursor that an earlier list gave.", {field = "$.cursor"})
end

-- The reference of an invoice that may be the wanted one: GlobalPay keeps none, but the description that was sent, where
-- that says it.
local function found_reference(invoice, wanted)
  local reference = wanted and plain_text(wanted.reference)
  local sent = reference and description_of(wanted)
  return sent and invoice.description == sent and text.contains(sent, reference) and reference or nil
end

function provider.payments.list(input)
  local options, wanted = object(input.options), input.wanted
  for _, name in ipairs({"reference", "currency", "from", "to"}) do
    if input[name] ~= nil then
      fail("InvalidRequest", "GlobalPay cannot filter by this; it can by status and customerId.", {field = "$." .. name})
    end
  end
  if input.limit and input.limit > PAGE_SIZE then
    fail("InvalidRequest", "GlobalPay lists at most 100 invoices per page.", {field = "$.limit"})
  end
  local offset = offset_of(input.cursor)
  local page = page_of({
    {"limit", input.limit},
    {"offset", offset},
    {"status", status_filter(input, options)},
    {"customerId", wanted and customer_of(wanted) or options.customerId},
  })
  local items = json.array({})
  for _, invoice in ipairs(page.items) do
    if plain_text(object(invoice).id) then
      local payment = odd_payment(invoice)
      payment.reference = found_reference(invoice, wanted)
      items[#items + 1] = payment
    else
      log.warn("a list holds something without an invoice's id")
    end
  end
  if page.more and #page.items == 0 then bad_answer("says that the list goes on, and ends it") end
  return {items = items, next = page.more and tostring((offset or 0) + #page.items) or nil, total = page.total}
end

function provider.check(input)
  page_of({{"limit", 1}})
  return {ok = true}
end

-- ---- webhooks

-- Gathers the names of events and the ids of invoices among all texts of a body.
local function gather(value, events, invoices)
  if type(value) == "table" and value ~= json.null then
    for _, member in pairs(value) do gather(member, events, invoices) end
  elseif type(value) == "string" then
    if EVENTS[value] then events[value] = true end
    if text.starts(value, "inv_") and #value <= LONGEST_ID then invoices[value] = true end
  end
end

-- The one key of a table, nil when it has none or several.
local function only(found)
  local key = next(found)
  return key ~= nil and next(found, key) == nil and key or nil
end

-- What a webhook carries is not documented, so it is searched: one that is about an invoice has to name it, and the ids of
-- invoices begin with "inv_". What else it says is of no account, for the core fetches the invoice.
function provider.webhooks.receive(input)
  local body = input.json or input.form
  if type(body) ~= "table" or body == json.null then fail("InvalidRequest", "GlobalPay's webhooks are objects.") end
  local events, invoices = {}, {}
  gather(body, events, invoices)
  local id = only(invoices)
  if not id then log.warn("a webhook names no invoice, or several") end
  return {event = only(events) or "unknown", payment = id and {id = id} or nil}
end

-- ---- native calls, by their documented names and fields

-- The documented fields in their order; any other is refused, and what `refuses` gives a reason against.
local function chosen(params, names, refuses)
  local known, list = {}, {}
  for _, name in ipairs(names) do
    known[name] = true
    if params[name] ~= nil then list[#list + 1] = {name, params[name]} end
  end
  for name, value in pairs(params) do
    if not known[name] then
      fail("InvalidRequest", "GlobalPay documents no field " .. name .. " for this call.", {field = "$." .. name})
    end
    local problem = refuses(name, value)
    if problem then fail("InvalidRequest", name .. " " .. problem, {field = "$." .. name}) end
  end
  return list
end

local function no_query_value(_, value)
  if type(value) ~= "number" and type(value) ~= "string" then return "must be an integer or text." end
end

local function no_invoice_value(name, value)
  if name == "amount" then
    if type(value) ~= "number" then return "must be an integer in the smallest unit: 10000 is 100.00 BTN." end
  elseif type(value) ~= "string" then
    return "must be text."
  end
end

provider.native["GET /api/invoices"] = function(params)
  return http.get("/api/invoices", {query = chosen(params, LIST_FIELDS, no_query_value)}).json
end

provider.native["POST /api/invoices"] = function(params)
  local members = {}
  for _, pair in ipairs(chosen(params, INVOICE_FIELDS, no_invoice_value)) do
    members[#members + 1], members[#members + 2] = pair[1], pair[2]
  end
  return http.post("/api/invoices", {json = json.object(table.unpack(members))}).json
end

provider.native["GET /api/payments"] = function(params)
  return http.get("/api/payments", {query = chosen(params, {"limit", "offset"}, no_query_value)}).json
end

-- Its fields are not documented: what the caller gives is sent as it is.
provider.native["POST /api/refunds"] = function(params)
  return http.post("/api/refunds", {json = params}).json
end
