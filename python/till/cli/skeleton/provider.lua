-- PLUGIN_NAME: payments on the service's own page.
-- Protocol: https://PLUGIN_HOST/docs

-- What the service's states mean. One that is not here is an error, never a guess.
local STATUS = {open = "pending", pending = "processing", done = "paid", expired = "expired", failed = "failed"}

-- The service's own record as a payment in till's words.
local function payment_from(record)
  local status = STATUS[record.state]
    or fail("ProviderError", "PLUGIN_NAME answered with a state that its documentation does not have.",
      {code = "unknown_status"})
  return {
    id = record.id,
    status = status,
    amount = money.of(record.amount, record.currency),
    reference = record.order_id,
    checkout_url = record.pay_url,
    created_at = record.created_at and time.parse(record.created_at),
    raw = record,
  }
end

function provider.payments.create(input)
  local reply = http.post("/payments", {json = json.object(
    "amount", money.decimal(input.amount),
    "currency", input.amount.currency,
    "order_id", input.reference,
    "return_url", input.return_url)})
  return payment_from(reply.json)
end

function provider.payments.get(input)
  return payment_from(http.get("/payments/{id}", {path = {id = input.provider_id}}).json)
end

function provider.check()
  http.get("/account")
  return {ok = true}
end

provider.native["GET /account"] = function(params)
  return http.get("/account").json
end
