// PostgreSQL for tests: a real server that postgres_server.sh starts, and schemas in it that go with the server.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/store/postgres.h"

namespace till {

// A server of this test's own, for tests that stop it or use it up.
class PostgresServer {
 public:
  PostgresServer() {
    char name[] = "/tmp/till-postgres-XXXXXX";
    folder_ = mkdtemp(name);
    start();
  }
  ~PostgresServer() {
    if (running_) stop("immediate");
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void start() {
    std::FILE* output = popen(command("start").c_str(), "r");
    std::string text;
    for (int c = 0; (c = std::fgetc(output)) != EOF;) text += static_cast<char>(c);
    if (pclose(output) != 0) ADD_FAILURE() << "there is no PostgreSQL server to test with (apt install postgresql)";
    running_ = true;
    socket_url_ = text.substr(0, text.find('\n'));
    tcp_url_ = text.substr(text.find('\n') + 1, text.rfind('\n') - text.find('\n') - 1);
  }
  // "fast", "immediate" or "kill".
  void stop(const std::string& mode) {
    if (std::system(command("stop", mode).c_str()) != 0) ADD_FAILURE() << "the server does not stop";
    running_ = false;
  }

  // From pause() to resume() the server is there and says nothing.
  void pause() const { EXPECT_EQ(std::system(command("pause").c_str()), 0); }
  void resume() const { EXPECT_EQ(std::system(command("resume").c_str()), 0); }

  const std::string& socket_url() const { return socket_url_; }
  // With the password "open-sesame".
  const std::string& tcp_url() const { return tcp_url_; }
  int port() const { return std::stoi(tcp_url_.substr(tcp_url_.find("127.0.0.1:") + 10)); }

  // The one that ctest started for all tests, or else this process's own.
  static std::string shared_socket_url() { return shared_url(0); }
  static std::string shared_tcp_url() { return shared_url(1); }

 private:
  std::string command(const std::string& verb, const std::string& mode = "") const {
    return std::string(TILL_SOURCE_DIR "/tests/store/postgres_server.sh ") + verb + " " + folder_ + " " + mode;
  }
  static std::string shared_url(int line) {
    std::ifstream file(TILL_TEST_POSTGRES);
    std::string url;
    for (int i = 0; i <= line; ++i) std::getline(file, url);
    if (!url.empty()) return url;
    static const PostgresServer own;
    return line == 0 ? own.socket_url() : own.tcp_url();
  }

  std::string folder_;
  std::string socket_url_;
  std::string tcp_url_;
  bool running_ = false;
};

// A schema of one test's own.
class PostgresSchema {
 public:
  explicit PostgresSchema(std::string server_url = PostgresServer::shared_socket_url())
      : server_url_(std::move(server_url)), name_("test_" + hex_encode(random_bytes(8))) {
    run("CREATE SCHEMA " + name_);
  }
  const std::string& name() const { return name_; }
  std::string url() const { return in_schema(server_url_); }
  // The same schema by another of the server's URLs.
  std::string in_schema(const std::string& url) const {
    return url + (url.find('?') == std::string::npos ? "?" : "&") + "options=-csearch_path%3D" + name_;
  }
  void run(const std::string& sql) const {
    auto database = PostgresDatabase::open(server_url_);
    ASSERT_TRUE(database.ok()) << database.error().message;
    const Status done = (*database)->execute(sql.c_str());
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

 private:
  std::string server_url_;
  std::string name_;
};

}  // namespace till
