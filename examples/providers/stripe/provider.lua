-- Stripe: payments on Stripe's Checkout page. A payment is a Checkout Session; its PaymentIntent says how the money fares.
-- Protocol: https://docs.stripe.com/api (sessions, payment intents, refunds, errors, idempotent requests)

-- A session's status, or its payment_status once it is complete. Slow methods stay unpaid: there the intent tells more.
local SESSION = {open = "pending", expired = "expired", paid = "paid", no_payment_required = "paid"}
local INTENT = {requires_payment_method = "failed", requires_confirmation = "pending", requires_action = "pending",
  processing = "processing", requires_capture = "processing", canceled = "cancelled", succeeded = "paid"}
local REFUND = {pending = "pending", requires_action = "pending", succeeded = "succeeded", failed = "failed", canceled = "cancelled"}

-- Where Stripe counts with other decimals than ISO 4217: read, but not in the manifest's currencies, so never charged.
local DECIMALS = {ISK = 2, MGA = 0, UGX = 2}
local THREE_DECIMALS = {BHD = true, JOD = true, KWD = true, OMR = true, TND = true}
local EXPAND = "payment_intent.latest_charge"

-- Null as nil, for null is true in conditions.
local function set(value) if value ~= json.null then return value end end

-- A word that is not documented is an error, never a guess.
local function known(status)
  return status or fail("ProviderError", "Stripe answered with a status that its documentation does not have.", {code = "unknown_status"})
end

local function money_from(count, currency)
  if not set(count) or not set(currency) then return nil end
  local code = currency:upper()
  return DECIMALS[code] and money.scaled(count, DECIMALS[code], code) or money.from_minor(count, code)
end

local function minor_from(amount)
  local count = money.minor(amount)
  if not THREE_DECIMALS[amount.currency] or count % 10 == 0 then return count end
  fail("InvalidRequest", "Stripe takes two decimals of this currency: the third must be 0.", {field = "$.amount"})
end

local function refuse(input, names, why)
  for _, name in ipairs(names) do
    if input[name] ~= nil then fail("InvalidRequest", why, {field = "$." .. name}) end
  end
end

-- Stripe calls expired what we cancelled, too: state.cancelled tells them apart.
local function status_of(session, intent, state)
  local word = session.status == "complete" and session.payment_status or session.status
  if word == "unpaid" then return intent and INTENT[intent.status] end
  return word == "expired" and state and state.cancelled and "cancelled" or SESSION[word]
end

local function payment_from(session, state)
  local intent = set(session.payment_intent)
  local charge, declined = intent and set(intent.latest_charge), intent and set(intent.last_payment_error)
  return {
    id = session.id,
    status = known(status_of(session, intent, state)),
    amount = money_from(session.amount_total, session.currency),
    amount_paid = intent and money_from(intent.amount_received, intent.currency),
    amount_refunded = charge and money_from(charge.amount_refunded, charge.currency),
    reference = session.client_reference_id, test = not session.livemode, checkout_url = session.url,
    decline = declined and {code = set(declined.decline_code) or declined.code, message = declined.message},
    created_at = time.from_seconds(session.created), expires_at = time.from_seconds(session.expires_at),
    state = state, raw = session,
  }
end

local function refund_from(refund)
  return {
    id = refund.id, status = known(REFUND[refund.status]), amount = money_from(refund.amount, refund.currency),
    created_at = time.from_seconds(refund.created), raw = refund,
  }
end

local function page_from(list, make)
  local items = json.array({})
  for _, record in ipairs(list.data) do items[#items + 1] = make(record) end
  return {items = items, next = list.has_more and list.data[#list.data].id or nil}
end

local function session_of(id) return http.get("/checkout/sessions/{id}", {path = {id = id}, query = {{"expand[]", EXPAND}}}).json end

function provider.payments.create(input)
  refuse(input, {"webhook_url", "pay_currency"}, "Stripe takes no such thing with a payment: it is set on its dashboard.")
  local name = input.description or input.reference
    or fail("InvalidRequest", "Stripe shows the payer what is bought: give a description or a reference.", {field = "$.description"})
  local back = input.return_url or fail("InvalidRequest", "Stripe needs an address to return to.", {field = "$.return_url"})
  return payment_from(http.post("/checkout/sessions", {form = {
    {"mode", "payment"}, {"line_items[0][quantity]", 1},
    {"line_items[0][price_data][currency]", input.amount.currency:lower()},
    {"line_items[0][price_data][unit_amount]", minor_from(input.amount)},
    {"line_items[0][price_data][product_data][name]", name},
    {"client_reference_id", input.reference}, {"customer_email", input.customer and input.customer.email},
    {"success_url", back}, {"cancel_url", input.cancel_url or back}, {"expand[]", EXPAND},
  }}).json)
end

function provider.payments.get(input) return payment_from(session_of(input.provider_id), set(input.state)) end

function provider.payments.cancel(input)
  local opts = {path = {id = input.provider_id}, form = {{"expand[]", EXPAND}}}
  return payment_from(http.post("/checkout/sessions/{id}/expire", opts).json, {cancelled = true})
end

-- Sessions that set up a card or a subscription are no payments.
function provider.payments.list(input)
  refuse(input, {"reference", "status", "currency", "from", "to"}, "Stripe cannot filter sessions by this.")
  local query = {{"limit", math.min(input.limit or 100, 100)}, {"starting_after", input.cursor}, {"expand[]", "data." .. EXPAND}}
  return page_from(http.get("/checkout/sessions", {query = query}).json, function(session)
    return session.mode == "payment" and payment_from(session) or nil
  end)
end

function provider.refunds.create(input)
  refuse(input, {"address"}, "Stripe pays back the way the money came.")
  local intent = set(session_of(input.provider_id).payment_intent)
    or fail("InvalidRequest", "Nothing was paid yet, so there is nothing to refund.")
  local form = {{"payment_intent", intent.id}, {"amount", input.amount and minor_from(input.amount)}}
  return refund_from(http.post("/refunds", {form = form}).json)
end

function provider.refunds.get(input) return refund_from(http.get("/refunds/{id}", {path = {id = input.id}}).json) end

function provider.refunds.list(input)
  local intent = set(session_of(input.provider_id).payment_intent)
  if not intent then return {items = json.array({})} end
  local query = {{"payment_intent", intent.id}, {"limit", 100}, {"starting_after", input.cursor}}
  return page_from(http.get("/refunds", {query = query}).json, refund_from)
end

-- The session of an event comes without its intent: what only that would tell is asked for.
function provider.webhooks.receive(input)
  local event, session = input.json, input.json.data.object
  if not text.starts(event.type, "checkout.session.") or session.mode ~= "payment" then return {event = event.type} end
  session.payment_intent = nil
  return {event = event.type, payment = status_of(session) and payment_from(session) or {id = session.id}}
end

function provider.check() http.get("/balance") return {ok = true} end
