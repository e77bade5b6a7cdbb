// Server-sent events: the examples of WHATWG HTML, section 9.2.6, and what hostile servers send.
#include "core/http/event_stream.h"

#include <gtest/gtest.h>

namespace till::http {
namespace {

// "name=data|name=data", read in pieces of `size` bytes.
std::string events_in(std::string_view text, std::size_t size = 1) {
  EventStreamReader reader;
  std::vector<ServerEvent> events;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size())))
    EXPECT_TRUE(reader.read(text.substr(0, size), events).ok());
  std::string shown;
  for (const ServerEvent& event : events) shown += (shown.empty() ? "" : "|") + event.name + "=" + event.data;
  return shown;
}

TEST(EventStream, reads_the_examples_of_its_specification) {
  EXPECT_EQ(events_in("data: YHOO\ndata: +2\ndata: 10\n\n"), "message=YHOO\n+2\n10");
  EXPECT_EQ(events_in(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"),
            "message=first event|message=second event|message= third event");
  EXPECT_EQ(events_in("data\n\ndata\ndata\n\ndata:"), "message=|message=\n");
  EXPECT_EQ(events_in("data:test\n\ndata: test\n\n"), "message=test|message=test");
  EXPECT_EQ(events_in("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"), "add=73857293|remove=2153");
}

TEST(EventStream, is_the_same_however_it_is_cut_and_whatever_ends_its_lines) {
  const std::string text =
      "\xEF\xBB\xBF"
      "event: a\r\ndata: 1\r\rdata: 2\n\r\nevent: b\ndata: 3\n\n";
  for (std::size_t size = 1; size <= text.size(); ++size) EXPECT_EQ(events_in(text, size), "a=1|message=2|b=3") << size;
}

TEST(EventStream, an_event_without_data_or_an_end_is_none) {
  EXPECT_EQ(events_in("event: a\n\n"), "");
  EXPECT_EQ(events_in("event: a\n\ndata: x\n\n"), "message=x") << "the name went with its event";
  EXPECT_EQ(events_in("data: x\n"), "");
  EXPECT_EQ(events_in("unknown: x\nDATA: y\n data: z\n\n"), "");
}

TEST(EventStream, keeps_the_last_id_and_the_time_to_wait) {
  EventStreamReader reader;
  std::vector<ServerEvent> events;
  EXPECT_TRUE(reader.read("id: 7\ndata: x\n", events).ok());
  EXPECT_EQ(reader.last_event_id(), "") << "not before its event is whole";
  EXPECT_TRUE(reader.read("\nretry: 1500\n", events).ok());
  EXPECT_EQ(reader.last_event_id(), "7");
  EXPECT_EQ(reader.retry_ms(), 1500);
  for (const char* wrong : {"retry: 1x\n", "retry: -1\n", "retry:\n", "retry: 99999999999999999999\n"}) {
    EXPECT_TRUE(reader.read(wrong, events).ok());
    EXPECT_EQ(reader.retry_ms(), 1500) << wrong;
  }
  EXPECT_TRUE(reader.read("id\ndata: z\n\n", events).ok());
  EXPECT_EQ(reader.last_event_id(), "");
}

TEST(EventStream, an_id_with_a_nul_is_ignored) {
  EventStreamReader reader;
  std::vector<ServerEvent> events;
  EXPECT_TRUE(reader.read(std::string_view("id: a\0b\ndata: y\n\n", 17), events).ok());
  EXPECT_EQ(reader.last_event_id(), "");
  EXPECT_EQ(events.size(), 1u);
}

TEST(EventStream, over_its_limit_is_given_up) {
  const auto verdict = [](const std::string& text) {
    EventStreamReader reader(16);
    std::vector<ServerEvent> events;
    const Status status = reader.read(text, events);
    return status.ok() ? "ok" : status.error().code;
  };
  EXPECT_EQ(verdict("data: 1234567890"), "ok");
  EXPECT_EQ(verdict("data: 12345678901"), "too_large");
  EXPECT_EQ(verdict("data: 12\ndata: 34\ndata: 5"), "too_large");
  EXPECT_EQ(verdict(": 1234567\n: 1234567890"), "too_large") << "comments count until the event ends";
  EXPECT_EQ(verdict("data: 1234567890\n\ndata: 1234567890\n\n"), "ok");
  EXPECT_EQ(verdict("data\ndata\ndata\ndata\n"), "too_large") << "so do the line ends of data";
}

}  // namespace
}  // namespace till::http
