#include "tests/kill/support.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/json/json.h"

namespace till::rounds {
namespace {

std::function<void()> report_fault;

}  // namespace

void report_faults_to(std::function<void()> report) { report_fault = std::move(report); }

void give_up(const std::string& why) {
  if (report_fault) report_fault();
  std::fprintf(stderr, "FAILED: %s\n", why.c_str());
  std::_Exit(1);
}

json::Value parsed(const std::string& text) {
  return must(json::parse(text, {.max_bytes = text.size(), .max_values = text.size(), .max_members = text.size()}),
              "JSON");
}

void write_file(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string make_folder(const std::string& prefix) {
  std::string name = prefix + "XXXXXX";
  if (mkdtemp(name.data()) == nullptr) give_up("no folder");
  return name;
}

pid_t fork_off(const std::function<void()>& work) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) give_up("cannot fork");
  if (child > 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) std::_Exit(1);
  work();
  std::fflush(stdout);
  std::_Exit(0);
}

bool ends_well(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace till::rounds
