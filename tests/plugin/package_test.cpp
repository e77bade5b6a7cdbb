// Packages: what was signed comes back, and nothing else is read.
#include "core/plugin/package.h"

#include <gmock/gmock.h>

#include "core/plugin/approvals.h"
#include "core/plugin/permissions.h"
#include "core/plugin/plugin.h"
#include "tests/plugin/package_fixture.h"

namespace till::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t kHead = 8 + 32 + 64;

std::string number(std::size_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

std::string entry(const std::string& name, const std::string& bytes) {
  return number(name.size()) + name + number(bytes.size()) + bytes;
}

class PackageFormat : public PackageTest {
 protected:
  // A package of these bytes, well signed.
  std::string with_body(const std::string& body) const {
    const std::string head = "TILLPKG1" + key_.public_key();
    return head + key_.sign(head + body).value() + body;
  }
  std::string good_body() const { return write_package(acme_files("1.0.0"), key_).value().substr(kHead); }
  void expect_refused(const std::string& bytes, const std::string& message, const char* code = "package") const {
    const auto package = read_package(bytes);
    ASSERT_FALSE(package.ok()) << message;
    EXPECT_EQ(package.error().code, code);
    EXPECT_THAT(package.error().message, HasSubstr(message));
  }
};

TEST_F(PackageFormat, what_new_wrote_and_nobody_changed_is_not_written) {
  const auto refusal = [&](std::string_view old, std::string_view by, std::string_view hosts = R"("api.acme.test")") {
    PackageFiles files = acme_files("1.0.0", hosts);
    std::string& manifest = files["manifest.json"];
    const auto put = [&](std::string_view from, std::string_view to) {
      manifest.replace(manifest.find(from), from.size(), to);
    };
    put("https://api.acme.example", "https://api.acme.test");
    put(old, by);
    const Status written = check_written(files);
    return written.ok() ? "written" : written.error().code + " " + written.error().field;
  };
  EXPECT_EQ(refusal("A shop's bank.", "One sentence: what this service pays with, and where."), "package $.summary");
  EXPECT_EQ(refusal(R"("check":{}})", R"("check":{}},"absent":{
    "rates":"Say here, for the users of a shop, why the service has none."})"),
            "package $.absent");
  EXPECT_EQ(refusal("https://api.acme.test", "https://api.acme.example/v2", R"("api.acme.example")"),
            "package $.modes.live.base_url");
  EXPECT_EQ(refusal(R"("manifest":1)", R"("manifest":1,"homepage":"https://acme.example")"), "package $.homepage");
  EXPECT_EQ(refusal(R"("manifest":1)", R"("manifest":1,"documentation":["https://acme.example/docs"])"),
            "package $.documentation[0]");
  EXPECT_EQ(refusal("A shop's bank.", "A sentence of its own.", R"("api.acme.test","pay.acme.example")"),
            "package $.hosts[1]");
  EXPECT_EQ(refusal("A shop's bank.", "A sentence of its own."), "written");
}

TEST_F(PackageFormat, what_was_packed_comes_back) {
  const std::string bytes = write_package(acme_files("1.0.0"), key_).value();
  const auto package = read_package(bytes);
  ASSERT_TRUE(package.ok()) << package.error().message;
  EXPECT_EQ(package->files, acme_files("1.0.0"));
  EXPECT_EQ(package->key, key_hex());
  EXPECT_EQ(write_package(package->files, key_).value(), bytes) << "one text for the same files and key";
  EXPECT_EQ(with_body(good_body()), bytes);
}

TEST_F(PackageFormat, no_changed_byte_goes_unseen) {
  const std::string good = write_package(acme_files("1.0.0"), key_).value();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(read_package(bad).ok()) << at;
  }
  expect_refused(good + "x", "changed after it was signed", "package_signature");
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(read_package(good.substr(0, size)).ok()) << size;
}

TEST_F(PackageFormat, a_signature_by_another_key_is_refused) {
  const auto other = Ed25519Key::generate().value();
  std::string bytes = write_package(acme_files("1.0.0"), key_).value();
  bytes.replace(8, 32, other.public_key());
  expect_refused(bytes, "changed after it was signed", "package_signature");
}

TEST_F(PackageFormat, names_that_lead_elsewhere_are_refused) {
  for (const char* name :
       {"../manifest.json", "/etc/passwd", "fixtures/../x.json", "fixtures/a/b.json", "fixtures/.json",
        "fixtures/.hidden.json", "fixtures/x", "run.sh", "", "fixtures/a\\b.json", "Manifest.json"}) {
    expect_refused(with_body(entry(name, "{}")), "none of manifest.json");
    PackageFiles files = acme_files("1.0.0");
    files.emplace(name, "{}");
    EXPECT_FALSE(write_package(files, key_).ok()) << name;
  }
}

TEST_F(PackageFormat, a_name_that_stands_twice_or_out_of_order_is_refused) {
  expect_refused(with_body(entry("README.md", "a") + entry("README.md", "b")), "stand twice");
  expect_refused(with_body(entry("provider.lua", "a") + entry("README.md", "b")), "not in the order");
}

TEST_F(PackageFormat, limits_hold) {
  expect_refused(std::string(kMaxPackageBytes + 1, 'x'), "more than 8388608 bytes");
  expect_refused(with_body(entry("README.md", std::string(kMaxPackageFileBytes + 1, 'x'))), "more than 262144 bytes");
  expect_refused(with_body(number(kMaxPackageNameBytes + 1)), "name is too long");
  expect_refused(with_body(number(0xFFFFFFFF)), "name is too long");
  expect_refused(with_body(number(9) + "README.md" + number(4) + "abc"), "ends in the middle");
  expect_refused(with_body(good_body() + "abc"), "ends in the middle");
  PackageFiles many = acme_files("1.0.0");
  for (std::size_t i = 0; i < kMaxPackageFiles; ++i) many.emplace("fixtures/f" + std::to_string(i) + ".json", "{}");
  EXPECT_THAT(write_package(many, key_).error().message, HasSubstr("more than 2000 files"));
}

TEST_F(PackageFormat, a_package_has_its_three_files) {
  for (const char* name : {"manifest.json", "provider.lua", "README.md"}) {
    PackageFiles files = acme_files("1.0.0");
    files.erase(name);
    EXPECT_THAT(write_package(files, key_).error().message, HasSubstr(std::string("lacks ") + name));
  }
  expect_refused(with_body(""), "lacks manifest.json");
}

TEST_F(PackageFormat, its_plugin_knows_its_key) {
  const auto plugin = load_plugin(read_package(write_package(acme_files("1.0.0"), key_).value()).value(), "a.till");
  ASSERT_TRUE(plugin.ok()) << plugin.error().message;
  EXPECT_EQ((*plugin)->key, key_hex());
  EXPECT_EQ((*plugin)->manifest.version, "1.0.0");
}

TEST(Permissions, are_read_off_the_manifest) {
  const auto manifest = parse_manifest(
      R"({"manifest":1,"id":"acme","version":"1.0.0","name":"Acme","summary":"A bank.",
  "capabilities":{"check":{},"tokens.create":{"returns_secrets":true}},
  "native":{"newKey":{"summary":"Makes a key.","returns_secrets":true}},
  "settings":{"type":"object","additionalProperties":false,"properties":{
    "b":{"type":"string","title":"B","description":"B.","secret":true},
    "a":{"type":"string","title":"A","description":"A.","secret":true},
    "c":{"type":"string","title":"C","description":"C."}}},
  "modes":{"live":{"base_url":"https://api.acme.example"},"own":{}},"default_mode":"live",
  "hosts":["pay.acme.example","api.acme.example"],"auth":{"scheme":"none"},
  "script_headers":["X-One"],"path_secrets":["a"],"permissions":{"card_data":true},
  "webhooks":{"events":{},"signed":true,"secret":"b","scheme":"github"}})");
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  EXPECT_THAT(permissions_of(*manifest),
              ElementsAre("card_data", "host api.acme.example", "host of the merchant", "host pay.acme.example",
                          "path_secret a", "reveals native.newKey", "reveals tokens.create", "script_header X-One",
                          "secret a", "secret b", "signed_webhooks github"));
}

TEST(Permissions, what_is_missing_is_what_was_not_approved) {
  EXPECT_THAT(missing_permissions({"a", "b", "c"}, {"b", "x"}), ElementsAre("a", "c"));
  EXPECT_TRUE(missing_permissions({"a"}, {"a", "b"}).empty());
}

TEST_F(PackageTest, approvals_are_read_strictly) {
  EXPECT_TRUE(read_approvals(folder_).value().empty()) << "no file approves nothing";
  approve({"b", "a"});
  EXPECT_THAT(read_approvals(folder_).value().at("acme").permissions, ElementsAre("a", "b"));
  for (const char* text :
       {"", "[]", R"({"acme": {"key": "ab", "permissions": []}})", R"({"acme": {"permissions": []}})",
        R"({"acme": {"key": 1, "permissions": [], "more": 1}})"}) {
    write("approvals.json", text);
    const auto read = read_approvals(folder_);
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_EQ(read.error().code, "approvals");
  }
}

}  // namespace
}  // namespace till::plugin
