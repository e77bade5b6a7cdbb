// Writing and reading packages: magic, key, signature, files in the order of their names.
#include "core/plugin/package.h"

#include <algorithm>
#include <cstdint>

#include "core/base/encoding.h"
#include "core/plugin/lint_manifest.h"
#include "core/plugin/manifest.h"

namespace till::plugin {
namespace {

constexpr std::string_view kMagic = "TILLPKG1";
constexpr std::size_t kHeadBytes = kMagic.size() + kEd25519KeyBytes + kEd25519SignatureBytes;
constexpr std::string_view kFixtures = "fixtures/";

Error package_error(std::string message) { return plugin_error("package", "the package " + std::move(message)); }

bool is_plain(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// Nothing else has a meaning, so nothing else gets in: no folder above, no hidden file, no program.
bool is_known_file(std::string_view name) {
  if (name == "manifest.json" || name == "provider.lua" || name == "README.md" || name == "LICENSE") return true;
  return name.size() <= kMaxPackageNameBytes && name.starts_with(kFixtures) && name.ends_with(".json") &&
         is_plain(name.substr(kFixtures.size()));
}

Status check_file(std::string_view name, std::size_t size) {
  if (!is_known_file(name))
    return package_error(
        "holds a file that is none of manifest.json, provider.lua, README.md, LICENSE and fixtures/NAME.json");
  if (size > kMaxPackageFileBytes)
    return package_error("holds " + std::string(name) + " of more than " + std::to_string(kMaxPackageFileBytes) +
                         " bytes");
  return {};
}

Status check_complete(const PackageFiles& files) {
  for (const char* name : {"manifest.json", "provider.lua", "README.md"})
    if (!files.contains(name)) return package_error("lacks " + std::string(name));
  if (files.size() > kMaxPackageFiles)
    return package_error("holds more than " + std::to_string(kMaxPackageFiles) + " files");
  return {};
}

void put_number(std::string& out, std::size_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xFF);
}

// What is signed: everything but the signature.
std::string signed_part(std::string_view key, std::string_view files) {
  return std::string(kMagic).append(key).append(files);
}

// Takes bytes off the front of what is left.
class PackageReader {
 public:
  explicit PackageReader(std::string_view bytes) : rest_(bytes) {}

  bool done() const { return rest_.empty(); }

  Result<std::string_view> take(std::size_t size) {
    if (size > rest_.size()) return package_error("ends in the middle of a file");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  Result<std::size_t> number() {
    TILL_ASSIGN(const std::string_view digits, take(4));
    std::size_t number = 0;
    for (const char digit : digits) number = number << 8 | static_cast<unsigned char>(digit);
    return number;
  }

 private:
  std::string_view rest_;
};

Status read_file(PackageReader& reader, PackageFiles& files) {
  TILL_ASSIGN(const std::size_t name_size, reader.number());
  if (name_size > kMaxPackageNameBytes) return package_error("holds a file whose name is too long");
  TILL_ASSIGN(const std::string_view name, reader.take(name_size));
  TILL_ASSIGN(const std::size_t size, reader.number());
  TILL_TRY(check_file(name, size));
  TILL_ASSIGN(const std::string_view bytes, reader.take(size));
  if (!files.empty() && name <= files.rbegin()->first)
    return package_error("has files that stand twice or not in the order of their names");
  if (files.size() == kMaxPackageFiles)
    return package_error("holds more than " + std::to_string(kMaxPackageFiles) + " files");
  files.emplace(name, bytes);
  return {};
}

}  // namespace

Status check_written(const PackageFiles& files) {
  const auto file = files.find("manifest.json");
  if (file == files.end()) return {};
  const auto manifest = parse_manifest(file->second);
  if (!manifest.ok()) return {};
  const auto unwritten = lint_unwritten(*manifest);
  if (unwritten.empty()) return {};
  const Finding& first = unwritten.front();
  Error error =
      package_error("is of a plugin that is not written yet: " + first.place + " of manifest.json " + first.message);
  error.field = first.place;
  return error;
}

Result<std::string> write_package(const PackageFiles& files, const Ed25519Key& key) {
  TILL_TRY(check_complete(files));
  std::string body;
  for (const auto& [name, bytes] : files) {
    TILL_TRY(check_file(name, bytes.size()));
    put_number(body, name.size());
    body += name;
    put_number(body, bytes.size());
    body += bytes;
  }
  if (kHeadBytes + body.size() > kMaxPackageBytes)
    return package_error("would have more than " + std::to_string(kMaxPackageBytes) + " bytes");
  TILL_ASSIGN(const std::string signature, key.sign(signed_part(key.public_key(), body)));
  return std::string(kMagic).append(key.public_key()).append(signature).append(body);
}

Result<Package> read_package(std::string_view bytes) {
  if (bytes.size() > kMaxPackageBytes)
    return package_error("has more than " + std::to_string(kMaxPackageBytes) + " bytes");
  if (bytes.size() < kHeadBytes || !bytes.starts_with(kMagic)) return package_error("is no till package");
  const std::string_view key = bytes.substr(kMagic.size(), kEd25519KeyBytes);
  const std::string_view signature = bytes.substr(kMagic.size() + kEd25519KeyBytes, kEd25519SignatureBytes);
  const std::string_view body = bytes.substr(kHeadBytes);
  if (!ed25519_verify(key, signed_part(key, body), signature))
    return plugin_error("package_signature", "the package was changed after it was signed, or cut short");
  Package package;
  package.key = hex_encode(key);
  for (PackageReader reader(body); !reader.done();) TILL_TRY(read_file(reader, package.files));
  TILL_TRY(check_complete(package.files));
  return package;
}

}  // namespace till::plugin
