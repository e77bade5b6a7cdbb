/*
 * till.h: the whole C surface of till, an embeddable payment runtime for shops.
 *
 * Everything is reached through opaque handles; what goes in and comes out is UTF-8 JSON, described by the JSON Schemas in
 * docs/schemas/. What is not in this header is not API.
 *
 * Rules that hold for every function, and are not repeated below:
 *  - Text arguments end with NUL. Where a size follows a pointer, the bytes need no NUL; TILL_NUL_TERMINATED as the size
 *    says that they have one. Inputs are borrowed for the duration of the call only.
 *  - A function that returns till_status writes its outputs on TILL_OK only, and on failure sets them to NULL and, when
 *    `error` is not NULL, stores there a till_error that the caller frees with till_error_free(). On TILL_OK `*error` is
 *    set to NULL.
 *  - NULL for an argument that is not called optional is TILL_INVALID_REQUEST, or a neutral value (NULL, 0) from the
 *    functions that return no status; never a crash. Every _free function accepts NULL.
 *  - Handles may be freed in any order: a gateway keeps its runtime, an exchange its gateway. A handle must not be freed
 *    while another thread is inside a function that was given it, and not twice.
 *  - Every function may be called from any thread at any time, and one till_runtime or till_gateway by many threads at
 *    once. A till_exchange belongs to one thread at a time; replies, errors and cards are immutable.
 *  - After fork() runtimes and gateways work in the parent and in the child: threads, connections and the store are made
 *    anew in the child on first use. Calls under way at fork() complete in the parent only.
 *  - No C++ exception leaves a function; what should not happen is TILL_INTERNAL.
 *  - No function logs, and no error text holds, a secret or card data.
 *
 * Since: the version of the library in which a symbol appeared. Numbers and signatures of symbols are never changed and
 * never reused; new ones are added at the end.
 */
#ifndef TILL_H
#define TILL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TILL_API __attribute__((visibility("default")))
#else
#define TILL_API
#endif

/* The version of this header. Since 0.1. */
#define TILL_VERSION "0.1.0"
/* The ABI that this header describes, which names the shared library too (libtill.so.N); till_abi_version() is that of the
 * library in use. The number changes only when programs that were compiled before no longer work. Since 0.1. */
#define TILL_ABI_VERSION 0
/* As the size of a text argument: the text ends with NUL. Since 0.1. */
#define TILL_NUL_TERMINATED ((size_t)-1)

/* What became of a call: one number per class of the error tree. Since 0.1. */
typedef enum till_status {
  TILL_OK = 0,
  TILL_INTERNAL = 1,          /* a fault of the library, or of the store when the error's code begins with "store_" */
  TILL_CONFIGURATION = 2,     /* settings, secrets or options are wrong; nothing was sent */
  TILL_INVALID_REQUEST = 3,   /* the input is wrong; the error's `field` says where */
  TILL_UNSUPPORTED = 4,       /* the provider has no such operation; nothing was sent */
  TILL_AUTHENTICATION = 5,    /* the provider refused the credentials */
  TILL_PERMISSION_DENIED = 6, /* the credentials are good but may not do this */
  TILL_NOT_FOUND = 7,
  TILL_CONFLICT = 8,          /* the same idempotency key with another input, or a state that forbids the operation */
  TILL_RATE_LIMITED = 9,      /* the error's `retry_after_ms` says when, if the provider said so */
  TILL_BLOCKED = 10,          /* refused as abuse; do not simply retry */
  TILL_PROVIDER = 11,         /* the provider failed or answered against its own documentation */
  TILL_TRANSPORT = 12,        /* no answer; the error's `sent` says how far the request went */
  TILL_OUTCOME_UNKNOWN = 13,  /* a write was sent and no answer that fits came; ask the provider before trying again */
  TILL_WEBHOOK_REJECTED = 14, /* the error's `reason` says why, its `http_status` what to answer the sender with */
  TILL_PLUGIN = 15            /* the provider's script or manifest misbehaved */
} till_status;

/* How far a request went when its answer failed to come. Since 0.1. */
typedef enum till_sent {
  TILL_SENT_NO = 0,    /* no byte left this machine */
  TILL_SENT_MAYBE = 1, /* some bytes may have arrived; the right answer when in doubt */
  TILL_SENT_YES = 2    /* the request arrived: an answer began */
} till_sent;

typedef struct till_runtime till_runtime;   /* what an embedder opens once: I/O thread, TLS, connections, store, plugins */
typedef struct till_gateway till_gateway;   /* one merchant account at a provider */
typedef struct till_reply till_reply;       /* the JSON that a call returned */
typedef struct till_error till_error;       /* why a call failed */
typedef struct till_card till_card;         /* payment card data held by the library */
typedef struct till_exchange till_exchange; /* one operation stepped by the host's own HTTP client */

/* ---- The library ------------------------------------------------------------------------------------------------ */

/*
 * The version of the library in use, e.g. "0.1.0".
 * Returns:   static text.
 * Ownership: the library's; never free it.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API const char *till_version(void);

/*
 * The ABI of the library in use. Programs compiled with the same TILL_ABI_VERSION, and no newer TILL_VERSION, run with it.
 * Returns:   the number.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API int till_abi_version(void);

/*
 * The name of a status as it stands in the `error` member of error JSON and in the other languages.
 * Args:      status: a till_status, or any other number.
 * Returns:   "Ok", "InvalidRequest", "RateLimited", ...; "Unknown" for a number that has no meaning here.
 * Ownership: static text; never free it.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API const char *till_status_name(int status);

/* ---- Runtime ---------------------------------------------------------------------------------------------------- */

/*
 * Opens a runtime. Opens no file, no connection and no thread yet; one per process is the rule.
 * Args:      options_json: optional; an object, every member may be absent: plugin_path (array of folders that hold one
 *            folder or package per provider; searched before $TILL_PLUGIN_PATH and the installed providers; a folder that
 *            cannot be read is passed over, and named when a provider is missed, and on standard error with TILL_LOG=warn),
 *            trusted_keys (array of public keys in hex, or of files of them, whose packages are loaded; beside
 *            $TILL_TRUSTED_KEYS), store
 *            ("sqlite:/path/to/file", a plain path, "postgresql://user@host/database" where several machines share the work, or
 *            "memory" to keep nothing; default $TILL_STORE, else $XDG_STATE_HOME/till/till.sqlite3, else
 *            ~/.local/state/till/till.sqlite3), ca_file (PEM; default the system's), proxy, no_proxy, connect_timeout_ms
 *            (10000), max_connections_per_origin (64).
 *            out: the runtime.
 * Returns:   TILL_OK. TILL_CONFIGURATION: the text is not a JSON object, or an option is unknown or has a wrong value
 *            (`field` says which). TILL_INVALID_REQUEST: out is NULL.
 * Ownership: *out is the caller's; free it with till_runtime_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_runtime_open(const char *options_json, till_runtime **out, till_error **error);

/*
 * Gives the handle back. Gateways, exchanges and calls under way keep what they need until they end.
 * Args:      runtime: may be NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API void till_runtime_free(till_runtime *runtime);

/*
 * The providers that can be opened.
 * Args:      runtime; out: a JSON array of ids, sorted: ["acme","other"].
 * Returns:   TILL_OK; TILL_INVALID_REQUEST for a NULL argument.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_runtime_providers(till_runtime *runtime, till_reply **out, till_error **error);

/*
 * What is known about one provider without running its code: capabilities, what is absent and why, settings with titles
 * and help, modes, hosts, currencies.
 * Args:      runtime; provider: an id; out: its manifest as JSON (docs/schemas/manifest.json).
 * Returns:   TILL_OK. TILL_NOT_FOUND: no such provider on the path. TILL_PLUGIN: its files are broken; the message names
 *            the file and the place in it.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_runtime_provider(till_runtime *runtime, const char *provider, till_reply **out,
                                           till_error **error);

/* ---- Gateway ---------------------------------------------------------------------------------------------------- */

/*
 * Opens one merchant account. Nothing is sent; the operation "check" asks the provider whether the credentials are good.
 * Args:      runtime; provider: an id; settings_json: an object checked against the provider's settings schema (see
 *            till_runtime_provider()), plus mode, base_url (https, or http for loopback addresses), timeout_ms (30000),
 *            rate_limit_wait_ms (0: how long one operation may wait in all, beyond timeout_ms, until a rate limit lets it
 *            go on), label (names this account in the store; several accounts at one provider each need one, or they share
 *            their payments and idempotency keys),
 *            plugin_version (stays with this version of the plugin); out: the gateway.
 * Returns:   TILL_OK. TILL_NOT_FOUND: no such provider. TILL_CONFIGURATION: a setting is missing, unknown or wrong
 *            (`field` says which; its value is never repeated). TILL_PLUGIN: the provider's files are broken.
 * Ownership: *out is the caller's; free it with till_gateway_free(). Secrets are copied and wiped with the gateway.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_gateway_open(till_runtime *runtime, const char *provider, const char *settings_json,
                                       till_gateway **out, till_error **error);

/*
 * Gives the handle back. Exchanges and calls under way keep what they need until they end.
 * Args:      gateway: may be NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API void till_gateway_free(till_gateway *gateway);

/* ---- Calls ------------------------------------------------------------------------------------------------------ */

/*
 * Runs one operation to its end and waits for it.
 * Args:      gateway; operation: "payments.create", "payments.get", "refunds.create", "rates.get", "check", ..., or
 *            "native.NAME" for a provider's own endpoint; input_json, input_size: a JSON object (docs/schemas/), or NULL
 *            for {}; out: the operation's output.
 * Returns:   TILL_OK, or any other status. A declined payment is TILL_OK with status "failed" and a `decline` member.
 *            TILL_OUTCOME_UNKNOWN: the write was sent and no answer came, or the store failed when it may have been
 *            recorded; the error's payment_id names it. "reconcile" asks what became of it, and "settle" is told what a
 *            person found (docs/reconcile.md).
 * Time:      at most the gateway's timeout_ms for the network and its rate_limit_wait_ms, plus the store's work.
 * Repeating: the same call with the same idempotency_key sends nothing new and returns the first outcome.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any; blocks this thread only. Not from inside a till_callback.
 * Since 0.1.
 */
TILL_API till_status till_call(till_gateway *gateway, const char *operation, const char *input_json, size_t input_size,
                               till_reply **out, till_error **error);

/*
 * Receives the end of an operation begun with till_start(): TILL_OK with a reply, or another status with an error; the
 * other pointer is NULL. Both are the receiver's to free. Runs once, on a thread of the runtime or inside till_start();
 * it must return soon, must not wait for other operations, and may call till_start() and every _free function. Since 0.1.
 */
typedef void (*till_callback)(void *context, till_status status, till_reply *reply, till_error *error);

/*
 * As till_call(), but returns at once and reports to `callback`; thousands may be under way at the same time.
 * Args:      gateway, operation, input_json, input_size: as for till_call(); callback; context: optional, handed to it.
 * Returns:   TILL_OK: the callback is called exactly once. TILL_INVALID_REQUEST or TILL_INTERNAL: it is never called.
 * Ownership: the reply and the error belong to the callback.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_start(till_gateway *gateway, const char *operation, const char *input_json, size_t input_size,
                                till_callback callback, void *context, till_error **error);

/* ---- Reply ------------------------------------------------------------------------------------------------------ */

/*
 * The JSON of a reply.
 * Args:      reply; size: optional; receives the number of bytes before the NUL.
 * Returns:   UTF-8 text ending with NUL; NULL when reply is NULL.
 * Ownership: the reply's; good until till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API const char *till_reply_json(const till_reply *reply, size_t *size);

/*
 * Frees a reply and wipes its text.
 * Args:      reply: may be NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API void till_reply_free(till_reply *reply);

/* ---- Error ------------------------------------------------------------------------------------------------------ */

/*
 * The status that came with an error.
 * Args:      error.
 * Returns:   the status; TILL_OK when error is NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_error_status(const till_error *error);

/*
 * One sentence for people: what went wrong, where, and what to do.
 * Args:      error.
 * Returns:   UTF-8 text ending with NUL; "" when error is NULL.
 * Ownership: the error's; good until till_error_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API const char *till_error_message(const till_error *error);

/*
 * All that is known about an error, as JSON (docs/schemas/error.json): error (the status name), status (its number), code,
 * message, field, provider_code, request_id, payment_id, reason, settle, http_status (of a webhook: what to answer its sender with),
 * sent, retryable, retry_after_ms; what is not known is left out.
 * Args:      error; size: optional; receives the number of bytes before the NUL.
 * Returns:   UTF-8 text ending with NUL; NULL when error is NULL.
 * Ownership: the error's; good until till_error_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API const char *till_error_json(const till_error *error, size_t *size);

/*
 * Frees an error.
 * Args:      error: may be NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API void till_error_free(till_error *error);

/* ---- Card ------------------------------------------------------------------------------------------------------- */

/*
 * Takes payment card data into the library's keeping. The input of an operation names the card by its handle:
 * {"card": "card_..."}; the digits reach the provider and nothing else.
 * Args:      number: 12 to 19 digits, spaces and dashes allowed; cvv: optional; 3 or 4 digits; expiry_month: "1" to "12";
 *            expiry_year: four digits; holder_name: optional; out: the card.
 * Returns:   TILL_OK. TILL_INVALID_REQUEST: the error's field says which part is wrong; its value is never repeated.
 * Ownership: *out is the caller's; free it with till_card_free(). The caller's own copies are the caller's to wipe.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_card_new(const char *number, const char *cvv, const char *expiry_month, const char *expiry_year,
                                   const char *holder_name, till_card **out, till_error **error);

/*
 * The handle that stands for a card in this process: a word that says nothing about it.
 * Args:      card.
 * Returns:   text ending with NUL; NULL when card is NULL.
 * Ownership: the card's; good until till_card_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API const char *till_card_handle(const till_card *card);

/*
 * Wipes a card; its handle means nothing afterwards. Operations under way keep their own copy until they end.
 * Args:      card: may be NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API void till_card_free(till_card *card);

/* ---- Exchange: the host sends ----------------------------------------------------------------------------------- */

/*
 * Begins an operation that the caller steps with an HTTP client of its own: while till_exchange_done() is 0, wait for
 * till_exchange_wait_ms(), send the request that the exchange shows and hand the answer to till_exchange_reply(), or its absence to till_exchange_fail();
 * then take till_exchange_result().
 * Args:      gateway, operation, input_json, input_size: as for till_call(); out: the exchange.
 * Returns:   TILL_OK, or why nothing could begin (as for till_call()).
 * Ownership: *out is the caller's; free it with till_exchange_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_exchange_begin(till_gateway *gateway, const char *operation, const char *input_json,
                                         size_t input_size, till_exchange **out, till_error **error);

/*
 * Whether the operation has ended.
 * Args:      exchange.
 * Returns:   0 when there is a request to send, 1 when there is a result (or exchange is NULL).
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API int till_exchange_done(const till_exchange *exchange);

/*
 * The method of the request to send, e.g. "POST". The request carries credentials and perhaps card data: send it as it is,
 * verify TLS, follow no redirect, log none of it.
 * Args:      exchange.
 * Returns:   text ending with NUL; NULL when the exchange is done or NULL.
 * Ownership: the exchange's; good until the next till_exchange_reply(), _fail() or _free().
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API const char *till_exchange_method(const till_exchange *exchange);

/*
 * The absolute URL of the request to send.
 * Args:      exchange.
 * Returns:   text ending with NUL; NULL when the exchange is done or NULL.
 * Ownership: the exchange's; good until the next till_exchange_reply(), _fail() or _free().
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API const char *till_exchange_url(const till_exchange *exchange);

/*
 * The header fields of the request, in order. Host, Content-Length and User-Agent may be absent: the client adds them.
 * Args:      exchange; index: from 0; name, value: receive text ending with NUL.
 * Returns:   1; 0 when there is no field with this index (outputs are set to NULL).
 * Ownership: the exchange's; good until the next till_exchange_reply(), _fail() or _free().
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API int till_exchange_header(const till_exchange *exchange, size_t index, const char **name, const char **value);

/*
 * The body of the request.
 * Args:      exchange; size: receives the number of bytes; 0 when the request has no body.
 * Returns:   the bytes; NULL when the exchange is done or NULL.
 * Ownership: the exchange's; good until the next till_exchange_reply(), _fail() or _free().
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API const char *till_exchange_body(const till_exchange *exchange, size_t *size);

/*
 * How long the host should allow for this request.
 * Args:      exchange.
 * Returns:   milliseconds; 0 when the exchange is done or NULL.
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API int64_t till_exchange_timeout_ms(const till_exchange *exchange);

/*
 * Hands in the answer, whatever its status. The next request or the result follows.
 * Args:      exchange; http_status: 100 to 999; headers_json: optional; [["Name", "value"], ...] or {"Name": "value"};
 *            body, body_size: the bytes after transfer decoding and decompression; NULL for none.
 * Returns:   TILL_OK: taken. TILL_INVALID_REQUEST: an argument is wrong, or the exchange is done; nothing has changed.
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API till_status till_exchange_reply(till_exchange *exchange, int http_status, const char *headers_json,
                                         const char *body, size_t body_size, till_error **error);

/*
 * Says that no answer came. The exchange ends with TILL_TRANSPORT, which is retryable when nothing was sent, or with
 * TILL_OUTCOME_UNKNOWN when a write may have been; or it goes on where the provider's script called the request optional.
 * Args:      exchange; sent: how far the request went, TILL_SENT_MAYBE when in doubt; message: optional; the host's words
 *            for it, without secrets.
 * Returns:   TILL_OK: taken. TILL_INVALID_REQUEST: an argument is wrong, or the exchange is done; nothing has changed.
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API till_status till_exchange_fail(till_exchange *exchange, till_sent sent, const char *message, till_error **error);

/*
 * The operation's output. May be asked for more than once.
 * Args:      exchange; out: as from till_call().
 * Returns:   as till_call(); TILL_INVALID_REQUEST with code "not_done" while there is still a request to send.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API till_status till_exchange_result(const till_exchange *exchange, till_reply **out, till_error **error);

/*
 * Frees an exchange. If a write was handed out and not answered, its outcome stays unknown in the store.
 * Args:      exchange: may be NULL.
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API void till_exchange_free(till_exchange *exchange);

/* ---- Keys ------------------------------------------------------------------------------------------------------- */

/*
 * Makes a new secp256k1 key for providers that know a merchant by a key.
 * Args:      out: {"private_key": 64 hex digits, "public_key": compressed, 66 hex digits, "sin": "T..."}. The private key
 *            is a secret: put it into the gateway's settings and keep it nowhere else in the clear.
 * Returns:   TILL_OK; TILL_INTERNAL: the system gave no randomness.
 * Ownership: *out is the caller's; till_reply_free() wipes it.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_key_generate(till_reply **out, till_error **error);

/*
 * The public names of a private key.
 * Args:      private_key: 64 hex digits; out: {"public_key": ..., "sin": ...} as from till_key_generate().
 * Returns:   TILL_OK; TILL_INVALID_REQUEST: not 64 hex digits, or not a key of the curve.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_key_public(const char *private_key, till_reply **out, till_error **error);

/* ---- Exchange: waiting ------------------------------------------------------------------------------------------ */

/*
 * How long the host should wait, from now, before it sends the request that an exchange shows: the provider said that its
 * limit of requests is used up until then. Only a gateway whose setting rate_limit_wait_ms allows it ever waits, and never
 * longer in all; others get TILL_RATE_LIMITED at once. till_exchange_timeout_ms() does not count it.
 * Args:      exchange.
 * Returns:   milliseconds; 0 to send at once, and when the exchange is done or NULL.
 * Threads:   one at a time.
 * Since 0.1.
 */
TILL_API int64_t till_exchange_wait_ms(const till_exchange *exchange);

/* ---- Watch ------------------------------------------------------------------------------------------------------ */

typedef struct till_watch till_watch; /* one payment that is followed until it is final */

/*
 * Follows a payment until it is final (paid, expired, cancelled or failed): over the provider's stream of events where it
 * has one, else by asking with growing pauses. An event is only a reason to ask; what is told comes from payments.get.
 * Args:      gateway; input_json, input_size: as for "payments.get", plus timeout_ms (3600000: how long to follow it, at
 *            most 86400000); out: the watch.
 * Returns:   TILL_OK: the payment is being asked for. TILL_UNSUPPORTED: the provider has no payments.get.
 *            TILL_INVALID_REQUEST: the input is wrong; the error's `field` says where.
 * Ownership: *out is the caller's; free it with till_watch_free().
 * Threads:   any; does not wait for the network.
 * Since 0.1.
 */
TILL_API till_status till_watch_open(till_gateway *gateway, const char *input_json, size_t input_size, till_watch **out,
                                     till_error **error);

/*
 * Waits for news of the payment.
 * Args:      watch; timeout_ms: how long to wait; 0 asks without waiting; out: {"payment": ..., "done": ...}
 *            (docs/schemas/watch.json): the payment when it is another one than was told before, the first time as soon as
 *            it is known; null when there was no news. `done` is true with the final payment and from then on, and when
 *            the watch's own timeout_ms is over.
 * Returns:   TILL_OK. Any other status ends the watch and is returned from then on; what may pass (no connection, a rate
 *            limit) is tried again and not told.
 * Time:      at most timeout_ms.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any; each piece of news goes to one caller. Not from inside a till_callback, unless timeout_ms is 0.
 * Since 0.1.
 */
TILL_API till_status till_watch_next(till_watch *watch, int64_t timeout_ms, till_reply **out, till_error **error);

/*
 * Ends and frees a watch. Nothing happens to the payment. Not while another thread is inside till_watch_next().
 * Args:      watch: may be NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API void till_watch_free(till_watch *watch);

/* ---- Plugins ---------------------------------------------------------------------------------------------------- */

/*
 * Takes new and changed plugins from the plugin path without stopping anything: calls and exchanges under way end with the
 * script they began with; each open gateway goes on with the newest version at its next call, unless its setting
 * plugin_version names one. A gateway whose settings are no good for the new version stays with the old one.
 * Args:      runtime; out: a JSON array of what changed among the plugins in use: [{"provider": "acme", "version": "1.1.0",
 *            "change": "added", "message": ""}]; change is added, changed, removed or refused, and message says why one was
 *            refused (its version may be "" then). What is refused stays as it was before.
 * Returns:   TILL_OK; TILL_INVALID_REQUEST for a NULL argument.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_runtime_reload(till_runtime *runtime, till_reply **out, till_error **error);

/* ---- Webhooks: verification alone ------------------------------------------------------------------------------- */

/*
 * Verifies a webhook without a gateway or a store: is it from whom it claims to be, and does the signature bind what it says?
 * Args:      scheme: the name of a scheme (docs/webhook-schemes.md), or a scheme as JSON (docs/schemas/webhook_scheme.json);
 *            request_json: an object (docs/schemas/webhook_verify.json): headers ([["Name", "value"], ...] or {"Name":
 *            "value"}), secrets (["text", {"secret": "text", "id": "k1", "not_before": ..., "not_after": ...}]), and
 *            optionally url (as the sender knows it, from your configuration), method, received_at (default: now),
 *            tolerance_ms (in place of the scheme's window); body, body_size: the bytes as they came, before any parser;
 *            NULL for none; out: the verdict (docs/schemas/webhook_verified.json): signature ("valid", "token", "none"),
 *            trust ("signed", or "refetch": ask the sender for the truth before anything changes), key, signed_at,
 *            dedupe_key.
 * Returns:   TILL_OK: not refused; look at `trust`. TILL_WEBHOOK_REJECTED: answer the error's `http_status` (413, 400
 *            or 401); its `reason` says why (docs/errors.md). TILL_CONFIGURATION: a secret is empty or in the wrong form,
 *            or the scheme is no good. TILL_NOT_FOUND: no such scheme. TILL_INVALID_REQUEST: the request JSON is wrong.
 * Repeating: the same call gives the same verdict: it remembers nothing, so dedupe_key is the caller's to look at.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_webhook_verify(const char *scheme, const char *request_json, const char *body, size_t body_size,
                                         till_reply **out, till_error **error);

/*
 * Says how till_webhook_verify() judges a webhook, for the person whose webhook is refused: the pieces that were signed, each
 * signature compared with each secret, the difference of the clocks. It shows header values to whoever reads it, and never
 * a secret, a computed signature or the body.
 * Args:      scheme, request_json, body, body_size: as for till_webhook_verify(); out: the explanation
 *            (docs/schemas/webhook_explanation.json). Its member `accepted` is for reading: act on till_webhook_verify() only.
 * Returns:   TILL_OK, for a refused webhook too. Other errors as till_webhook_verify().
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_webhook_explain(const char *scheme, const char *request_json, const char *body, size_t body_size,
                                          till_reply **out, till_error **error);

/*
 * The schemes that are known by name.
 * Args:      out: a JSON array of them (docs/schemas/webhook_scheme.json), sorted by name.
 * Returns:   TILL_OK; TILL_INVALID_REQUEST for a NULL argument.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_webhook_schemes(till_reply **out, till_error **error);

/*
 * Makes the request that a sender would send: a testing aid, the inverse of till_webhook_verify(). It signs nothing of a shop's.
 * Args:      scheme: as for till_webhook_verify(); request_json: an object (docs/schemas/webhook_sign.json): secret (text, or
 *            {"secret": "text", "id": "k1"}; for public keys the private key as PEM), and optionally headers, url, method, at
 *            (the signed time; default: now), id (of the event; default: a new one), valid (false: one bit is wrong); body,
 *            body_size: the bytes to sign; NULL for none; out: the request to send (docs/schemas/webhook_signed.json):
 *            headers, body or body_base64, url. The body differs from the given one only where the scheme has its signature
 *            there.
 * Returns:   TILL_OK. TILL_CONFIGURATION: the secret is empty or in the wrong form, or the scheme is no good. TILL_NOT_FOUND: no
 *            such scheme. TILL_INVALID_REQUEST: the request JSON is wrong, or lacks what only the sender can know.
 * Repeating: the same call gives the same bytes when `at` and `id` are given, but for ECDSA.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any.
 * Since 0.1.
 */
TILL_API till_status till_webhook_sign(const char *scheme, const char *request_json, const char *body, size_t body_size,
                                       till_reply **out, till_error **error);

/*
 * Asks the store, and no provider, about all that it holds, whichever gateway's it is: store.info (what there is, and how
 * much), store.prune (removes what is over), store.export (a page of the history), and the events.* operations, which a
 * gateway has for its own events. What failing handlers said is kept, and shown, with the secrets of all gateways that are
 * open on this runtime replaced; those of others are not known to it.
 * Args:      runtime; operation: "store.prune"; input_json, input_size: its input (docs/schemas/store.prune.json, ...); NULL
 *            for {}; out: its output, described there.
 * Returns:   TILL_OK. TILL_UNSUPPORTED: no such operation. TILL_INVALID_REQUEST: the input is wrong (`field` says where), or
 *            webhooks that a provider may still send again are to be removed. TILL_INTERNAL: the store failed; the code says
 *            how ("store_unreachable", "store_busy", ...).
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any; waits for the store. Not from inside a till_callback.
 * Since 0.1.
 */
TILL_API till_status till_store_call(till_runtime *runtime, const char *operation, const char *input_json, size_t input_size,
                                     till_reply **out, till_error **error);

/* ---- Events ----------------------------------------------------------------------------------------------------- */

/*
 * What happens to payments waits in the gateway's inbox until it was handled (docs/events.md). Either take events with
 * till_call(): "events.take", then "events.done" or "events.fail" for each; "events.list", "events.get" and "events.replay"
 * show and repeat them. Or have them given to a handler:
 */
typedef struct till_inbox till_inbox; /* a thread that gives events to a handler */

/*
 * Receives one event (docs/schemas/event.json, with its payment), which is the library's and good until the handler
 * returns. TILL_OK: the event is done. Any other status: it comes again after a pause that grows, and is dead after about a
 * day. It has lease_ms; after that, as when the process dies, the event is given to another handler: the same event may come
 * twice, and its `id` tells. It may take its time, wait for other operations with till_call(), end the event itself with
 * "events.fail" and a message, and free any handle, its own inbox included. Since 0.1.
 */
typedef till_status (*till_event_handler)(void *context, const till_reply *event);

/*
 * Gives the gateway's events to a handler, one after another, on a thread of its own; open several for several at once. Of
 * one payment no event is given before the earlier ones are done or dead. What this process commits comes at once, what
 * others commit when this looks again.
 * Args:      gateway; options_json: optional; {"lease_ms": 60000, "poll_ms": 1000}: how long the handler has each event
 *            (1000 to 3600000), and how often to look again (10 to 3600000); handler; context: optional, handed to it;
 *            out: the inbox.
 * Returns:   TILL_OK: events are being waited for. TILL_INVALID_REQUEST: an argument is wrong. TILL_INTERNAL or
 *            TILL_CONFIGURATION: the store cannot be opened, or there is no thread to be had.
 * Ownership: *out is the caller's; free it with till_inbox_free(). It keeps the gateway and its runtime.
 * Threads:   any. After fork() it goes on in the parent only; a child opens its own, and may only free this one.
 * Since 0.1.
 */
TILL_API till_status till_inbox_open(till_gateway *gateway, const char *options_json, till_event_handler handler,
                                     void *context, till_inbox **out, till_error **error);

/*
 * Ends and frees an inbox: waits until the handler under way has returned and its event is ended; no call follows. From
 * inside the handler it returns at once, and that call is the last one. Nothing happens to the events that wait.
 * Args:      inbox: may be NULL.
 * Time:      as long as the handler.
 * Threads:   any; not while holding what the handler waits for.
 * Since 0.1.
 */
TILL_API void till_inbox_free(till_inbox *inbox);

/* ---- Reconciler ------------------------------------------------------------------------------------------------- */

typedef struct till_reconciler till_reconciler; /* reconciles one gateway again and again */

/*
 * Reconciles a gateway in the background: what till_call(gateway, "reconcile", ...) does once (docs/reconcile.md), at once
 * and then again and again. Processes and machines with one store share the work.
 * Args:      gateway; options_json: {"every_ms": 60000 (100 to 86400000: from the end of a pass to the next), "limit": 100
 *            (1 to 1000: how much one pass asks about)}; NULL for the defaults; out: the reconciler.
 * Returns:   TILL_OK: the first pass has begun. TILL_INVALID_REQUEST: an option is wrong; the error's `field` says where.
 * Forks:     a child's inherited reconciler does nothing; the child opens its own.
 * Ownership: *out is the caller's; free it with till_reconciler_free().
 * Threads:   any; does not wait for the network.
 * Since 0.1.
 */
TILL_API till_status till_reconciler_open(till_gateway *gateway, const char *options_json, till_reconciler **out,
                                          till_error **error);

/*
 * What the last pass did.
 * Args:      reconciler; out: docs/schemas/reconcile.json; the text null before the first pass has ended.
 * Returns:   TILL_OK. Any other status says why the last pass could not be made; the next one is made all the same.
 *            TILL_CONFLICT with code "inherited_reconciler" in a forked child.
 * Ownership: *out is the caller's; free it with till_reply_free().
 * Threads:   any; does not wait.
 * Since 0.1.
 */
TILL_API till_status till_reconciler_last(const till_reconciler *reconciler, till_reply **out, till_error **error);

/*
 * Ends and frees a reconciler. A pass under way goes on to its end.
 * Args:      reconciler: may be NULL.
 * Threads:   any.
 * Since 0.1.
 */
TILL_API void till_reconciler_free(till_reconciler *reconciler);

#ifdef __cplusplus
}
#endif

#endif /* TILL_H */
