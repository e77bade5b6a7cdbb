/*
 * pay: creates one payment and prints it. Strict C99; needs nothing but till.
 *
 *   cc pay.c $(pkg-config --cflags --libs till) -o pay
 *   ./pay PROVIDER '{"api_key": "sk_test_..."}' 150.00 BZD order-1234
 *
 * Run again for the same order, it sends nothing new and prints the same payment. Beside `till sandbox` the settings
 * take "base_url" as it prints it, and SSL_CERT_FILE=CA-FILE in the environment has its certificates trusted.
 *
 * The providers' settings are listed by till_runtime_provider(), or by `till providers show PROVIDER`.
 */
#include <stdio.h>
#include <string.h>
#include <till.h>

/* Prints why a call failed and gives the exit status for it. */
static int failed(const char *what, till_error *error) {
  fprintf(stderr, "%s: %s: %s\n", what, till_status_name(till_error_status(error)), till_error_message(error));
  till_error_free(error);
  return 1;
}

/* An amount, a currency or an order number that needs no escaping in JSON, nor as an idempotency key. */
static int is_plain(const char *text) {
  return *text != '\0' && strlen(text) < 64 && strpbrk(text, "\"\\\n\r\t ") == NULL;
}

static int pay(till_gateway *gateway, const char *amount, const char *currency, const char *reference) {
  char input[512];
  till_reply *reply = NULL;
  till_error *error = NULL;
  /* The order's number is the key as well, so that no order is paid twice, whatever is lost on the way. */
  snprintf(input, sizeof input,
           "{\"amount\": {\"amount\": \"%s\", \"currency\": \"%s\"}, \"reference\": \"%s\", \"idempotency_key\": \"%s\"}",
           amount, currency, reference, reference);
  if (till_call(gateway, "payments.create", input, strlen(input), &reply, &error) != TILL_OK) {
    return failed("payment", error);
  }
  printf("%s\n", till_reply_json(reply, NULL));
  till_reply_free(reply);
  return 0;
}

int main(int argc, char **argv) {
  till_runtime *runtime = NULL;
  till_gateway *gateway = NULL;
  till_error *error = NULL;
  int status = 1;
  if (argc != 6 || !is_plain(argv[3]) || !is_plain(argv[4]) || !is_plain(argv[5])) {
    fprintf(stderr, "usage: %s PROVIDER SETTINGS-JSON AMOUNT CURRENCY REFERENCE\n", argv[0]);
    return 2;
  }
  if (till_runtime_open(NULL, &runtime, &error) != TILL_OK) {
    return failed("runtime", error);
  }
  if (till_gateway_open(runtime, argv[1], argv[2], &gateway, &error) != TILL_OK) {
    status = failed("gateway", error);
  } else {
    status = pay(gateway, argv[3], argv[4], argv[5]);
  }
  till_gateway_free(gateway);
  till_runtime_free(runtime);
  return status;
}
