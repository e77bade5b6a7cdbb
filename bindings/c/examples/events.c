/*
 * events: prints each event of an account as it comes, until its standard input ends. Strict C99; needs nothing but till.
 *
 *   cc events.c $(pkg-config --cflags --libs till) -o events
 *   ./events PROVIDER '{"api_key": "sk_test_..."}'
 *
 * An event is printed at least once: what is not done when the program is killed comes again.
 */
#include <stdio.h>
#include <till.h>

static int failed(const char *what, till_error *error) {
  fprintf(stderr, "%s: %s: %s\n", what, till_status_name(till_error_status(error)), till_error_message(error));
  till_error_free(error);
  return 1;
}

/* The event is done once it was printed, and comes again when it could not be. */
static till_status print(void *context, const till_reply *event) {
  (void)context;
  return printf("%s\n", till_reply_json(event, NULL)) > 0 && fflush(stdout) == 0 ? TILL_OK : TILL_INTERNAL;
}

static int print_all(till_gateway *gateway) {
  till_inbox *inbox = NULL;
  till_error *error = NULL;
  if (till_inbox_open(gateway, NULL, print, NULL, &inbox, &error) != TILL_OK) {
    return failed("inbox", error);
  }
  while (getchar() != EOF) {
  }
  till_inbox_free(inbox);
  return 0;
}

int main(int argc, char **argv) {
  till_runtime *runtime = NULL;
  till_gateway *gateway = NULL;
  till_error *error = NULL;
  int status = 1;
  if (argc != 3) {
    fprintf(stderr, "usage: %s PROVIDER SETTINGS-JSON\n", argv[0]);
    return 2;
  }
  if (till_runtime_open(NULL, &runtime, &error) != TILL_OK) {
    return failed("runtime", error);
  }
  if (till_gateway_open(runtime, argv[1], argv[2], &gateway, &error) != TILL_OK) {
    status = failed("gateway", error);
  } else {
    status = print_all(gateway);
  }
  till_gateway_free(gateway);
  till_runtime_free(runtime);
  return status;
}
