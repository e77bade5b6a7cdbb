// Durable ingestion of events, 64 waiting at a time, beside the disk's own rate of fdatasync (F).
//
// An event here is what a webhook costs the store: its claim, an event in the inbox and the payment. Rates follow the
// disk, so what counts is the ratio to F, measured by turns in the same run. A PostgreSQL server is started for it
// where one is installed.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/store/place.h"
#include "core/store/queue.h"

namespace till {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 5;
constexpr auto kRound = std::chrono::milliseconds(600);
constexpr int kWaiting = 64;

std::atomic<std::int64_t> next_number{0};

// One event of one of a thousand payments.
Status ingest(Store& store, std::int64_t number) {
  const std::string id = std::to_string(number);
  Payment payment;
  payment.id = "pay_" + std::to_string(number % 1'000);
  payment.gateway = "acme/live";
  TILL_TRY(store.claim_webhook({.id = "whk_" + id,
                                .gateway = "acme/live",
                                .dedupe_key = id,
                                .event = "charge.paid",
                                .signature = "valid",
                                .trust = "signed",
                                .received_at = number,
                                .body = std::string(500, 'x')}));
  TILL_TRY(store.find_payment(payment.id));
  TILL_TRY(store.put_payment(payment));
  return store.add_event({.id = "evt_" + id,
                          .gateway = "acme/live",
                          .payment_id = payment.id,
                          .type = "payment.paid",
                          .source = "webhook",
                          .at = number,
                          .detail = "{}"});
}

void fail(const Error& error) {
  std::fprintf(stderr, "store_bench: %s: %s\n", error.code.c_str(), error.message.c_str());
  std::exit(1);
}

template <class T>
T take(Result<T> result) {
  if (!result.ok()) fail(result.error());
  return std::move(result).value();
}

std::vector<double> latencies_ms;

double sync_rate(const std::string& folder) {
  const int file = ::open((folder + "/sync").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const std::string block(4096, 'x');
  const auto begin = Clock::now();
  int count = 0;
  for (; Clock::now() - begin < kRound; ++count) {
    const auto before = Clock::now();
    if (::write(file, block.data(), block.size()) < 0 || ::fdatasync(file) != 0) std::exit(1);
    latencies_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - before).count());
  }
  ::close(file);
  return count / std::chrono::duration<double>(Clock::now() - begin).count();
}

// A transaction for each event, from as many connections as there are stores.
double alone_rate(std::vector<std::unique_ptr<Store>>& stores) {
  std::atomic<int> count = 0;
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (auto& store : stores)
    threads.emplace_back([&] {
      while (Clock::now() - begin < kRound) {
        const std::int64_t number = next_number++;
        Status status = store->begin();
        if (status.ok()) status = ingest(*store, number);
        if (status.ok()) status = store->commit();
        if (status.ok())
          ++count;
        else if (status.error().code == "store_conflict")
          store->rollback();
        else
          fail(status.error());
      }
    });
  for (std::thread& thread : threads) thread.join();
  return count / std::chrono::duration<double>(Clock::now() - begin).count();
}

// 64 waiting, shared by the queues; each that is done makes room for the next.
double group_rate(std::vector<std::unique_ptr<StoreQueue>>& queues) {
  std::atomic<int> count = 0, waiting = 0;
  const auto begin = Clock::now();
  std::function<void(StoreQueue&)> feed = [&](StoreQueue& queue) {
    const std::int64_t number = next_number++;
    queue.submit([number](Store& store) { return ingest(store, number); },
                 [&](const Status& status) {
                   if (!status.ok()) fail(status.error());
                   ++count;
                   if (Clock::now() - begin < kRound)
                     feed(queue);
                   else
                     --waiting;
                 });
  };
  for (int i = 0; i < kWaiting; ++i) {
    ++waiting;
    feed(*queues[static_cast<std::size_t>(i) % queues.size()]);
  }
  while (waiting > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return count / std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<std::unique_ptr<Store>> open_stores(const std::string& place, int count) {
  std::vector<std::unique_ptr<Store>> stores;
  for (int i = 0; i < count; ++i) stores.push_back(take(open_store(place)));
  return stores;
}

std::vector<std::unique_ptr<StoreQueue>> open_queues(const std::string& place, int count) {
  std::vector<std::unique_ptr<StoreQueue>> queues;
  for (int i = 0; i < count; ++i) queues.push_back(std::make_unique<StoreQueue>(take(open_store(place))));
  return queues;
}

struct Row {
  std::string name;
  std::function<double()> measure;
  std::vector<double> rates{};
  double median() {
    std::sort(rates.begin(), rates.end());
    return rates[rates.size() / 2];
  }
};

std::string script(const std::string& verb, const std::string& folder) {
  return TILL_SOURCE_DIR "/tests/store/postgres_server.sh " + verb + " " + folder;
}

// The server's URL, or nothing where there is no server.
std::string start_postgres(const std::string& folder) {
  std::FILE* output = popen((script("start", folder) + " 2>/dev/null").c_str(), "r");
  std::string url;
  for (int c = 0; (c = std::fgetc(output)) != EOF && c != '\n';) url += static_cast<char>(c);
  return pclose(output) == 0 ? url : std::string();
}

int run() {
  char name[] = "/tmp/till-bench-XXXXXX", server[] = "/tmp/till-bench-XXXXXX";
  const std::string folder = mkdtemp(name), server_folder = mkdtemp(server);
  const std::string file = folder + "/till.sqlite3", url = start_postgres(server_folder);
  {
    auto file_alone = open_stores(file, 1);
    auto file_group = open_queues(file, 1);
    std::vector<Row> rows{{"fdatasync (F)", [&] { return sync_rate(folder); }},
                          {"SQLite, group commit", [&] { return group_rate(file_group); }},
                          {"SQLite, one by one", [&] { return alone_rate(file_alone); }}};
    std::vector<std::unique_ptr<Store>> one, sixteen;
    std::vector<std::unique_ptr<StoreQueue>> group, groups;
    if (!url.empty()) {
      one = open_stores(url, 1);
      sixteen = open_stores(url, 16);
      group = open_queues(url, 1);
      groups = open_queues(url, 4);
      rows.push_back({"PostgreSQL, group commit", [&] { return group_rate(group); }});
      rows.push_back({"PostgreSQL, 4 workers' group commits", [&] { return group_rate(groups); }});
      rows.push_back({"PostgreSQL, one by one", [&] { return alone_rate(one); }});
      rows.push_back({"PostgreSQL, 16 connections one by one", [&] { return alone_rate(sixteen); }});
    }
    for (int round = 0; round < kRounds; ++round)
      for (Row& row : rows) row.rates.push_back(row.measure());
    std::sort(latencies_ms.begin(), latencies_ms.end());
    std::printf("fdatasync: median %.2f ms, 99th percentile %.2f ms\n", latencies_ms[latencies_ms.size() / 2],
                latencies_ms[latencies_ms.size() * 99 / 100]);
    for (Row& row : rows)
      std::printf("%-38s %8.0f events/s   %.2f F\n", row.name.c_str(), row.median(), row.median() / rows[0].median());
  }
  if (url.empty())
    std::printf("PostgreSQL: not measured, no server is installed\n");
  else if (std::system(script("stop", server_folder + " immediate").c_str()) != 0)
    std::fprintf(stderr, "store_bench: the server does not stop\n");
  std::filesystem::remove_all(folder);
  std::filesystem::remove_all(server_folder);
  return 0;
}

}  // namespace
}  // namespace till

int main() { return till::run(); }
