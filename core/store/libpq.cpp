// libpq by dlopen(): its functions by name, or an error that says what to install.
#include "core/store/libpq.h"

#include <dlfcn.h>

#include <cstdlib>
#include <string>

namespace till {
namespace {

constexpr const char* kLibrary = "libpq.so.5";

Error cannot_load(const std::string& why) {
  return configuration_error("$.store",
                             "a PostgreSQL store needs PostgreSQL's client library, libpq (Debian and Ubuntu: apt "
                             "install libpq5; Fedora: dnf install libpq; TILL_LIBPQ names a file elsewhere): " +
                                 why);
}

class Names {
 public:
  explicit Names(void* library) : library_(library) {}

  template <class Function>
  void find(Function*& function, const char* name) {
    function = reinterpret_cast<Function*>(dlsym(library_, name));
    if (!function) missing_ = name;
  }
  // The last name that was not there, or nullptr.
  const char* missing() const { return missing_; }

 private:
  void* library_;
  const char* missing_ = nullptr;
};

const char* find_all(void* library, LibPq& pq) {
  Names names(library);
  names.find(pq.connect, "PQconnectdbParams");
  names.find(pq.finish, "PQfinish");
  names.find(pq.status, "PQstatus");
  names.find(pq.transaction_status, "PQtransactionStatus");
  names.find(pq.server_version, "PQserverVersion");
  names.find(pq.backend_pid, "PQbackendPID");
  names.find(pq.socket, "PQsocket");
  names.find(pq.parameter_status, "PQparameterStatus");
  names.find(pq.error_message, "PQerrorMessage");
  names.find(pq.set_notice_processor, "PQsetNoticeProcessor");
  names.find(pq.send_query, "PQsendQuery");
  names.find(pq.send_prepare, "PQsendPrepare");
  names.find(pq.send_prepared, "PQsendQueryPrepared");
  names.find(pq.consume_input, "PQconsumeInput");
  names.find(pq.is_busy, "PQisBusy");
  names.find(pq.get_result, "PQgetResult");
  names.find(pq.result_status, "PQresultStatus");
  names.find(pq.error_field, "PQresultErrorField");
  names.find(pq.row_count, "PQntuples");
  names.find(pq.column_count, "PQnfields");
  names.find(pq.value, "PQgetvalue");
  names.find(pq.value_length, "PQgetlength");
  names.find(pq.command_status, "PQcmdStatus");
  names.find(pq.changed_rows, "PQcmdTuples");
  names.find(pq.clear, "PQclear");
  names.find(pq.parse_url, "PQconninfoParse");
  names.find(pq.free_options, "PQconninfoFree");
  names.find(pq.free_text, "PQfreemem");
  return names.missing();
}

// Never unloaded: its threads' memory and OpenSSL's would not survive that.
Result<const LibPq*> load() {
  const char* named = std::getenv("TILL_LIBPQ");  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
  void* library = dlopen(named && *named ? named : kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* why = dlerror();  // NOLINT(concurrency-mt-unsafe): glibc keeps it per thread
    return cannot_load(why ? why : "it cannot be loaded");
  }
  static LibPq pq;
  if (const char* missing = find_all(library, pq))
    return cannot_load(std::string("the one that is there is too old, it lacks ") + missing);
  return &pq;
}

}  // namespace

Result<const LibPq*> load_libpq() {
  static const Result<const LibPq*> loaded = load();
  return loaded;
}

}  // namespace till
