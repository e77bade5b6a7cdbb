// What the programs of the rounds share: how they fail, files, and children.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::rounds {

// Says why the rounds have failed, lets every process of them know, and ends this one.
[[noreturn]] void give_up(const std::string& why);
// Where give_up() leaves word; null: nowhere.
void report_faults_to(std::function<void()> report);

template <class T>
T must(Result<T> result, const char* what) {
  if (!result.ok()) give_up(std::string(what) + ": " + result.error().code + ": " + result.error().message);
  return std::move(result).value();
}

json::Value parsed(const std::string& text);

void write_file(const std::string& path, std::string_view text);
std::string read_file(const std::string& path);
// A new folder of this name and six letters.
std::string make_folder(const std::string& prefix);

// A child that runs `work` and ends without any clean-up of what it inherited; it is killed when this process ends.
pid_t fork_off(const std::function<void()>& work);
// Waits for the child's end; true when it ended well.
bool ends_well(pid_t child);

}  // namespace till::rounds
