// Stands between the tests and npm's bitauth, BitPay's reference for identities: one JSON question per line in, one answer per
// line out. `check` asks bitauth's own server middleware whether it lets a request in, and as whom.
"use strict";
const bitauth = require("bitauth");
const middleware = require("bitauth/lib/middleware/bitauth");

const answers = {
  identity: ({key}) => {
    const publicKey = bitauth.getPublicKeyFromPrivateKey(key);
    return {publicKey, sin: bitauth.getSinFromPublicKey(publicKey)};
  },
  // Version 0.4.1 gives the signature's bytes and not the hex text that a header needs.
  sign: ({text, key}) => bitauth.sign(text, key).toString("hex"),
  check: ({url, headers, body}) => {
    const place = new URL(url);
    const request = {
      headers,
      protocol: place.protocol.slice(0, -1),
      url: place.pathname + place.search,
      rawBody: body,
      get: (name) => (name === "host" ? place.host : headers[name]),
    };
    let refusal = null;
    middleware(request, {send: (status, said) => { refusal = said.error; }}, () => {});
    return {refusal, sin: request.sin || null};
  },
};

require("readline").createInterface({input: process.stdin}).on("line", (line) => {
  const question = JSON.parse(line);
  console.log(JSON.stringify(answers[question.ask](question)));
});
