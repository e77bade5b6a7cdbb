// Writing a signature where a scheme has it: the other side of carrier.cpp. Inside the room only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/json/value.h"
#include "core/webhook/signer.h"

namespace till::webhook {

// The first header with this name, in any case; nullptr when there is none.
std::string* find_header(Draft& draft, std::string_view name);

// What stands around a signature in its place.
class CarrierWriter {
 public:
  // Keeps the fields of a signature header that the draft has. kInvalidRequest when they cannot be read.
  static Result<CarrierWriter> create(const Scheme& scheme, std::string key_id, const Draft& draft);

  // A field beside the signature, or a member of the JWS header: nullopt when it is not there.
  std::optional<std::string> find(const Source& source) const;
  // Sets it. A JWS header that the draft has keeps its bytes unless a member is set.
  void set(const Source& source, std::string value);

  // Puts the signature, in its encoding, into the draft. kInvalidRequest when the body has no room for it.
  Status write(std::string_view signature, Draft& draft) const;

 private:
  CarrierWriter(const Scheme& scheme, std::string key_id) : scheme_(scheme), key_id_(std::move(key_id)) {}
  Status read_pairs(std::string_view value);
  Status read_jws(std::string_view value);
  std::string text_of(std::string_view signature) const;
  std::string pairs_with(std::string_view signature) const;
  std::string keyed_with(std::string_view signature) const;

  const Scheme& scheme_;
  std::string key_id_;
  std::vector<std::pair<std::string, std::string>> fields_;
  std::size_t signature_at_ = 0;  // how many of the fields stand before the signature
  json::Object jws_;
  std::string jws_text_;  // as the draft has it; empty: to be made of `jws_`
};

}  // namespace till::webhook
