// Database: a PostgreSQL server of the rounds' own, which can be stopped and started.
#pragma once

#include <sys/types.h>

#include <string>

namespace till::rounds {

// Every member ends the process with give_up() when the server does not do as it is told.
class Database {
 public:
  // In a new folder; running.
  Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& url() const { return url_; }
  // "fast": connections are ended and everything is flushed; "immediate": as in a crash.
  void stop(const char* mode);
  void start();
  // Stops it for ever, and removes what is left of it. So does the end of this process, however it comes.
  void remove();

 private:
  void watch();
  std::string command(const char* verb, const char* mode = "") const;

  const std::string folder_;
  std::string url_;
  int watched_ = -1;    // open as long as the server is wanted
  pid_t watcher_ = -1;  // waits for its end
};

}  // namespace till::rounds
