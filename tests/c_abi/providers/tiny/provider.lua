-- Tiny: the smallest provider that still has a write, a read, a card and a native call.

local function payment_of(data)
  return {
    id = data.id,
    status = data.status,
    amount = money.of(data.amount, data.currency),
    checkout_url = data.url,
    raw = data,
  }
end

function provider.payments.create(input)
  local body = {amount = money.decimal(input.amount), currency = input.amount.currency, reference = input.reference}
  if input.card then
    body.card_number = input.card.number
  end
  return payment_of(http.post("/payments", {json = body}).json)
end

function provider.payments.get(input)
  return payment_of(http.get("/payments/{id}", {path = {id = input.payment.provider_id}}).json)
end

function provider.check()
  http.get("/check")
  return {ok = true}
end

function provider.native.echo(params)
  return http.get("/echo", {query = {text = params.text}}).json
end
