#include "core/service/log.h"

#include <unistd.h>

#include <utility>

#include "core/base/signals.h"
#include "core/base/time.h"
#include "core/json/json.h"

namespace till::service {
namespace {

void write_to_stderr(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written <= 0) return;  // nobody can be told that a log line was lost
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Log::Log(LogLevel level, std::shared_ptr<const Clock> clock, Sink sink)
    : level_(level), clock_(std::move(clock)), sink_(sink ? std::move(sink) : Sink(write_to_stderr)) {
  thread_ = std::thread([this] {
    block_all_signals();
    run();
  });
}

Log::~Log() { close(); }

void Log::close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Log::write(LogLevel level, std::string_view event, json::Object fields) {
  if (level_ == LogLevel::kOff || (level_ == LogLevel::kWarn && level == LogLevel::kInfo)) return;
  json::Object line{{"time", format_iso_time(clock_->now_ms())},
                    {"level", level == LogLevel::kWarn ? "warn" : "info"},
                    {"event", event}};
  for (auto& [key, value] : fields) line.append(key, std::move(value));
  std::string text = json::write(std::move(line));
  text += '\n';
  const std::lock_guard lock(mutex_);
  if (closing_ || waiting_.size() >= kMaxWaitingLines) {
    dropped_.fetch_add(1);
    return;
  }
  waiting_.push_back(std::move(text));
  if (waiting_.size() == 1) changed_.notify_all();
}

void Log::run() {
  while (true) {
    std::vector<std::string> lines;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      lines.swap(waiting_);
      if (lines.empty()) return;
    }
    std::string block;
    for (const std::string& line : lines) block += line;
    sink_(block);
  }
}

}  // namespace till::service
