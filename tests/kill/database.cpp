#include "tests/kill/database.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "tests/kill/support.h"

namespace till::rounds {

Database::Database() : folder_(make_folder("/tmp/till-postgres-")) {
  start();
  watch();
}

// The watcher takes the server away once nobody holds the other end of its pipe.
void Database::watch() {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) give_up("no pipe");
  watched_ = pipe_ends[1];
  watcher_ = fork();
  if (watcher_ != 0) {
    ::close(pipe_ends[0]);
    return;
  }
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  ::close(pipe_ends[1]);
  char nothing = 0;
  while (::read(pipe_ends[0], &nothing, 1) > 0) continue;
  stop("immediate");
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
  std::_Exit(0);
}

void Database::start() {
  std::FILE* output = popen(command("start").c_str(), "r");
  if (output == nullptr) give_up("the database cannot be started");
  std::string text;
  for (int c = 0; (c = std::fgetc(output)) != EOF;) text += static_cast<char>(c);
  if (pclose(output) != 0) give_up("there is no PostgreSQL server to work with (apt install postgresql)");
  const std::string url = text.substr(0, text.find('\n'));
  if (!url_.empty() && url != url_) give_up("the database came back at another address");
  url_ = url;
}

void Database::stop(const char* mode) {
  if (std::system(command("stop", mode).c_str()) != 0) give_up("the database does not stop");
}

void Database::remove() {
  ::close(watched_);
  (void)ends_well(watcher_);
}

std::string Database::command(const char* verb, const char* mode) const {
  return std::string(TILL_SOURCE_DIR "/tests/store/postgres_server.sh ") + verb + " " + folder_ + " " + mode;
}

}  // namespace till::rounds
