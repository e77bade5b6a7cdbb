// Published vectors: what real senders signed is accepted, and refused as soon as one bit of it differs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>
#include <utility>

#include "core/json/json.h"
#include "core/webhook/reading.h"
#include "core/webhook/signer.h"
#include "tests/crypto/vectors.h"
#include "tests/webhook/scheme_fixture.h"

namespace till::webhook {
namespace {

// "additionalData.hmacSignature" -> "/additionalData/hmacSignature"
std::string pointer_of(std::string_view dotted) {
  std::string out = "/" + std::string(dotted);
  std::replace(out.begin(), out.end(), '.', '/');
  return out;
}

json::Value piece_of(const json::Value& given) {
  if (given.string()) return json::Object{{"text", given}};
  const json::Array& parts = *given.array();
  const std::string& word = *parts[0].string();
  if (word == "sortedform") return "sorted_form";
  if (parts.size() == 1) return parts[0];
  if (word == "json") return json::Object{{"json", pointer_of(*parts[1].string())}, {"optional", true}};
  return json::Object{{word, parts[1]}};
}

bool signs_whole_body(const json::Value& spec) {
  const json::Array& pieces = *spec.find("signed")->array();
  return std::none_of(pieces.begin(), pieces.end(), [](const json::Value& piece) {
    const json::Value word = piece.array() ? (*piece.array())[0] : json::Value();
    return word == json::Value("json") || word == json::Value("sortedform");
  });
}

// The vector file's short notation as a scheme. The freshness is "none": the vectors are old, and windows have tests of
// their own.
std::string scheme_of(const json::Value& spec) {
  const json::Value& sig = *spec.find("sig");
  json::Object carrier;
  if (const auto path = sig.find_string("path"))
    carrier.set("json", pointer_of(*path));
  else
    carrier.set("header", sig.find_string("name").value());
  const auto parse = sig.find_string("parse").value_or("");
  if (!parse.empty()) carrier.set("format", parse == "kv" ? "pairs" : "versions");
  for (const std::string_view key : {"prefix", "pick"})
    if (const auto text = sig.find_string(key)) carrier.set(key, *text);
  if (const auto separator = sig.find_string("sep")) carrier.set("separator", *separator);
  json::Array pieces;
  for (const json::Value& piece : *spec.find("signed")->array()) pieces.push_back(piece_of(piece));
  const std::string algorithm(spec.find_string("alg").value());
  return json::write(json::Object{{"name", "vector"},
                                  {"signature", std::move(carrier)},
                                  {"signed", std::move(pieces)},
                                  {"algorithm", algorithm},
                                  {"key", algorithm.starts_with("rsa") ? "pem" : spec.find_string("key").value()},
                                  {"encoding", spec.find_string("enc").value()},
                                  {"freshness", "none"},
                                  {"signed_covers", signs_whole_body(spec) ? "body" : "partial"},
                                  {"dedupe", "none"}});
}

Sent request_of(const json::Value& vector) {
  const json::Value& given = *vector.find("req");
  Sent out;
  if (const json::Value* headers = given.find("headers"))
    for (const auto& [name, value] : *headers->object()) out.headers.emplace_back(name, *value.string());
  out.body = given.find_string("body").value_or("");
  out.url = given.find_string("url").value_or("");
  out.method = "POST";
  return out;
}

std::vector<std::string> secrets_in(const json::Value& vector) {
  std::vector<std::string> out;
  for (const json::Value& secret : *vector.find("secrets")->array()) {
    std::string text = *secret.string();
    if (text.starts_with("b64:")) text = "whpk_" + text.substr(4);
    out.push_back(std::move(text));
  }
  return out;
}

struct Vector {
  std::string name;
  Verifier verifier;
  Sent sent;
  bool expected;
  std::vector<std::string> secrets;
};

template <class Check>
int for_each_vector(Check check) {
  const json::Value file = load_vectors("webhooks.json");
  int count = 0;
  for (const json::Value& vector : *file.array()) {
    const std::string name = required_text(vector, "provider") + ": " + required_text(vector, "name");
    SCOPED_TRACE(name);
    check(Vector{name, verifier_of(scheme_of(*vector.find("spec")), secrets_in(vector)), request_of(vector),
                 vector.find_bool("expect").value(), secrets_in(vector)});
    ++count;
  }
  return count;
}

bool accepted(const Vector& vector) { return verify(vector.verifier, vector.sent, 0).ok(); }

TEST(WebhookVectors, all_36_are_judged_as_published) {
  EXPECT_EQ(for_each_vector([](const Vector& vector) { EXPECT_EQ(accepted(vector), vector.expected) << vector.name; }),
            36);
}

// Flips each bit of `text` in turn; none may be accepted. Returns how many were tried.
std::size_t try_all_bits(Vector& vector, std::string& text) {
  for (std::size_t at = 0; at < text.size(); ++at)
    for (int bit = 0; bit < 8; ++bit) {
      const char before = text[at];
      text[at] = static_cast<char>(before ^ (1 << bit));
      EXPECT_FALSE(accepted(vector)) << vector.name << ": bit " << bit << " of byte " << at;
      text[at] = before;
    }
  return 8 * text.size();
}

bool signs_whole_body(const Vector& vector) {
  const auto& pieces = vector.verifier.scheme().signed_;
  return std::any_of(pieces.begin(), pieces.end(), [](const Piece& piece) { return piece.kind == Piece::Kind::kBody; });
}

TEST(WebhookVectors, one_bit_of_the_body_makes_any_of_them_false) {
  int tried = 0;
  for_each_vector([&](Vector vector) {
    if (!vector.expected || !signs_whole_body(vector)) return;
    try_all_bits(vector, vector.sent.body);
    ++tried;
  });
  EXPECT_EQ(tried, 27);
}

// Schemes that sign fields: the first digit or letter of each signed value.
TEST(WebhookVectors, one_character_of_a_signed_field_makes_any_of_them_false) {
  int tried = 0;
  for_each_vector([&](Vector vector) {
    if (!vector.expected) return;
    const auto change = [&](const std::string& from, const std::string& to) {
      const std::string before = vector.sent.body;
      const std::size_t at = before.find(from);
      if (at == before.npos) return;
      vector.sent.body.replace(at, from.size(), to);
      EXPECT_FALSE(accepted(vector)) << vector.name << ": " << from;
      vector.sent.body = before;
      ++tried;
    };
    if (vector.name.starts_with("adyen")) {
      change("\"value\": 1", "\"value\": 2");
      change("\"EUR\"", "\"USD\"");
      change("\"success\": \"true\"", "\"success\": \"false\"");
    }
    if (vector.name.starts_with("opennode")) change("\"22b13c2f", "\"22b13c20");
    if (vector.name.starts_with("twilio")) change("Digits=1234", "Digits=1235");
  });
  EXPECT_GE(tried, 9);
}

// The text that holds the signatures, and each of them.
std::string& carrier_text(Vector& vector) {
  const Source& source = vector.verifier.scheme().carrier.source;
  if (source.kind == Source::Kind::kJson) return vector.sent.body;
  for (auto& [name, value] : vector.sent.headers)
    if (std::equal(name.begin(), name.end(), source.name.begin(), source.name.end(),
                   [](char a, char b) { return std::tolower(a) == b; }))
      return value;
  throw std::runtime_error("no carrier in " + vector.name);
}

std::vector<std::string> signatures_in(const Scheme& scheme, const Sent& sent) {
  return sent.as_request([&](const Request& request) {
    Reading reading(scheme, request);
    EXPECT_TRUE(reading.read_carrier().ok());
    std::vector<std::string> out;
    for (const Candidate& candidate : reading.candidates()) out.emplace_back(candidate.text);
    return out;
  });
}

std::vector<std::string> signatures_of(const Vector& vector) {
  return signatures_in(vector.verifier.scheme(), vector.sent);
}

void replace_once(std::string& text, const std::string& from, const std::string& to) {
  text.replace(text.find(from), from.size(), to);
}

// In each character one bit that changes its digit; where there are several signatures, in all of them at once.
TEST(WebhookVectors, one_bit_of_the_signature_makes_any_of_them_false) {
  int tried = 0;
  for_each_vector([&](Vector vector) {
    if (!vector.expected) return;
    const std::vector<std::string> signatures = signatures_of(vector);
    std::string& text = carrier_text(vector);
    const std::string before = text;
    for (std::size_t at = 0; at < signatures.front().size(); ++at) {
      text = before;
      for (std::string signature : signatures) {
        const std::string original = signature;
        if (at < signature.size()) signature[at] = static_cast<char>(signature[at] ^ 1);
        replace_once(text, original, signature);
      }
      EXPECT_FALSE(accepted(vector)) << vector.name << " at " << at;
    }
    text = before;
    EXPECT_TRUE(accepted(vector));
    ++tried;
  });
  EXPECT_EQ(tried, 33);
}

// The private key of the vector that is signed with Ed25519 (svix, worker.rs); the file has the public one.
constexpr const char* kSvixKey =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";

// The vector's request without its signatures, signed again.
Sent signed_again(Vector& vector, const std::string& secret) {
  const Sent published = vector.sent;
  for (const std::string& signature : signatures_of(vector)) replace_once(carrier_text(vector), signature, "00");
  const Sent bare = std::exchange(vector.sent, published);
  auto draft = sign(vector.verifier.scheme(), SecretText{.text = Secret(secret)},
                    {bare.headers, bare.body, bare.url, bare.method}, {}, ManualClock(0));
  EXPECT_TRUE(draft.ok()) << draft.error().message;
  return {draft->headers, draft->body};
}

// All but WeChat's, whose private key nobody has. Where the sender signed several times, one of its signatures.
TEST(WebhookVectors, each_whose_secret_is_known_is_signed_again_byte_for_byte) {
  int made_again = 0, whole = 0;
  for_each_vector([&](Vector vector) {
    if (!vector.expected || vector.name.starts_with("wechat")) return;
    const std::vector<std::string> published = signatures_of(vector);
    bool found = false;
    for (std::string secret : vector.secrets) {
      if (secret.starts_with("whpk_")) secret = kSvixKey;
      const Sent again = signed_again(vector, secret);
      const std::string made = signatures_in(vector.verifier.scheme(), again).front();
      found |= std::find(published.begin(), published.end(), made) != published.end();
      if (vector.secrets.size() > 1 || published.size() > 1) continue;
      EXPECT_EQ(again.headers, vector.sent.headers) << vector.name;
      const bool in_header = vector.verifier.scheme().carrier.source.kind == Source::Kind::kHeader;
      EXPECT_EQ(in_header ? again.body : vector.sent.body, vector.sent.body) << vector.name;
      ++whole;
    }
    EXPECT_TRUE(found) << vector.name;
    ++made_again;
  });
  EXPECT_EQ(made_again, 32);
  EXPECT_GE(whole, 28);
}

// The signed time of each vector that has one.
TEST(WebhookVectors, one_bit_of_the_time_makes_any_of_them_false) {
  int tried = 0;
  for_each_vector([&](Vector vector) {
    if (!vector.expected) return;
    for (auto& [name, value] : vector.sent.headers) {
      const bool is_time = name.find("imestamp") != name.npos;
      const std::size_t field = value.starts_with("t=") ? 2 : value.starts_with("ts=") ? 3 : value.npos;
      if (!is_time && field == value.npos) continue;
      for (std::size_t at = is_time ? 0 : field; at < (is_time ? value.size() : field + 10); ++at) {
        value[at] = static_cast<char>(value[at] ^ 1);
        EXPECT_FALSE(accepted(vector)) << vector.name << " at " << at;
        value[at] = static_cast<char>(value[at] ^ 1);
      }
      ++tried;
    }
  });
  EXPECT_EQ(tried, 13);
}

}  // namespace
}  // namespace till::webhook
