// libpq, PostgreSQL's client library, loaded when the first PostgreSQL store is opened: who keeps to SQLite needs none.
#pragma once

#include "core/base/result.h"

struct pg_conn;
struct pg_result;

namespace till {

// As in libpq-fe.h. Names and layout are those of libpq.so.5, whose interface only grows.
struct LibPqOption {
  char* keyword;
  char* environment_name;
  char* compiled;
  char* value;
  char* label;
  char* display;  // "*": a secret
  int display_size;
};

// The functions of libpq that the store uses; libpq.cpp has their names there. Immutable; any thread.
struct LibPq {
  // Numbers of libpq-fe.h.
  static constexpr int kConnectionOk = 0;
  static constexpr int kCommandOk = 1, kTuplesOk = 2;
  static constexpr int kInTransaction = 2, kInFailedTransaction = 3;

  pg_conn* (*connect)(const char* const* keywords, const char* const* values, int expand_dbname);
  void (*finish)(pg_conn*);
  int (*status)(const pg_conn*);
  int (*transaction_status)(const pg_conn*);
  int (*server_version)(const pg_conn*);
  int (*backend_pid)(const pg_conn*);
  int (*socket)(const pg_conn*);
  const char* (*parameter_status)(const pg_conn*, const char* name);
  char* (*error_message)(const pg_conn*);
  void* (*set_notice_processor)(pg_conn*, void (*)(void*, const char*), void*);

  int (*send_query)(pg_conn*, const char* sql);
  int (*send_prepare)(pg_conn*, const char* name, const char* sql, int count, const unsigned* types);
  int (*send_prepared)(pg_conn*, const char* name, int count, const char* const* values, const int* lengths,
                       const int* formats, int result_format);
  int (*consume_input)(pg_conn*);
  int (*is_busy)(pg_conn*);
  pg_result* (*get_result)(pg_conn*);

  int (*result_status)(const pg_result*);
  char* (*error_field)(const pg_result*, int field);
  int (*row_count)(const pg_result*);
  int (*column_count)(const pg_result*);
  char* (*value)(const pg_result*, int row, int column);
  int (*value_length)(const pg_result*, int row, int column);
  char* (*command_status)(pg_result*);
  char* (*changed_rows)(pg_result*);
  void (*clear)(pg_result*);

  LibPqOption* (*parse_url)(const char* conninfo, char** error);
  void (*free_options)(LibPqOption*);
  void (*free_text)(void*);
};

// Loads "libpq.so.5", or the file that $TILL_LIBPQ names, once. kConfiguration when it is not there.
Result<const LibPq*> load_libpq();

}  // namespace till
