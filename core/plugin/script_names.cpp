// names_in(): a walk over compiled code as Lua 5.4 writes it (ldump.c, lopcodes.h).
#include "core/plugin/script_names.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "core/plugin/lua_api.h"

namespace till::plugin {
namespace {

static_assert(LUA_VERSION_NUM == 504, "the layout of compiled code is that of Lua 5.4");

constexpr std::string_view kHead{"\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08", 15};
constexpr std::size_t kDumpHeadBytes =
    kHead.size() + 8 + 8 + 1;  // a check integer, a check float, the count of upvalues
constexpr int kMaxNesting = 200;

enum Opcode : std::uint32_t {
  kLoadK = 3,
  kLoadKX = 4,
  kGetUpval = 9,
  kGetTabUp = 11,
  kGetTable = 12,
  kGetField = 14,
  kSetTabUp = 15,
  kSelf = 20
};

struct Instruction {
  std::uint32_t word = 0;
  std::uint32_t opcode() const { return word & 0x7F; }
  std::uint32_t a() const { return word >> 7 & 0xFF; }
  bool c_is_constant() const { return (word >> 15 & 1) != 0; }
  std::uint32_t b() const { return word >> 16 & 0xFF; }
  std::uint32_t c() const { return word >> 24 & 0xFF; }
  std::uint32_t bx() const { return word >> 15; }
  std::uint32_t ax() const { return word >> 7; }
};

// What a function needs to be read; the rest of it is skipped.
struct Function {
  int first_line = 0;
  std::vector<Instruction> code;
  std::vector<std::string> constants;  // texts; "" for anything else
  std::vector<std::string> upvalues;
  std::vector<int> lines;  // of each instruction
};

// Reads past no end: every step fails softly once one did.
class DumpReader {
 public:
  explicit DumpReader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }

  std::string_view bytes(std::size_t count) {
    if (failed_ || count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::uint8_t byte() {
    const std::string_view one = bytes(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }

  // Seven bits a byte, the highest first; the last byte is marked.
  std::size_t number() {
    std::size_t value = 0;
    for (int digits = 0; digits < 9 && !failed_; ++digits) {
      const std::uint8_t digit = byte();
      value = value << 7 | (digit & 0x7Fu);
      if ((digit & 0x80) != 0) return value;
    }
    failed_ = true;
    return 0;
  }

  // A count of things that take at least one byte each.
  std::size_t count() {
    const std::size_t many = number();
    if (many > rest_.size()) failed_ = true;
    return failed_ ? 0 : many;
  }

  std::string text() {
    const std::size_t size = number();
    return size == 0 ? std::string() : std::string(bytes(size - 1));
  }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::string read_constant(DumpReader& reader) {
  switch (reader.byte()) {
    case 0x03:  // integer
    case 0x13:  // float
      reader.bytes(8);
      return {};
    case 0x04:  // short and long text
    case 0x14:
      return reader.text();
    default:  // nil, false, true
      return {};
  }
}

void read_code(DumpReader& reader, Function& out) {
  for (std::size_t left = reader.count(); left > 0 && !reader.failed(); --left) {
    std::uint32_t word = 0;
    int shift = 0;
    for (const char part : reader.bytes(4)) {
      word |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(part)) << shift;
      shift += 8;
    }
    out.code.push_back({word});
  }
}

void read_lines(DumpReader& reader, Function& out) {
  constexpr int kAbsolute = -128;  // the line stands in the list that follows
  std::vector<int> steps;
  for (const char step : reader.bytes(reader.count())) steps.push_back(static_cast<signed char>(step));
  std::vector<std::pair<std::size_t, int>> absolute;
  for (std::size_t left = reader.count(); left > 0 && !reader.failed(); --left) {
    const std::size_t at = reader.number();
    absolute.emplace_back(at, static_cast<int>(reader.number()));
  }
  int line = out.first_line;
  std::size_t next = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    while (next < absolute.size() && absolute[next].first < i) ++next;
    const bool given = steps[i] == kAbsolute && next < absolute.size() && absolute[next].first == i;
    line = given ? absolute[next].second : line + steps[i];
    out.lines.push_back(line);
  }
}

// The nth text, or nothing.
std::string_view text_at(const std::vector<std::string>& texts, std::size_t n) {
  return n < texts.size() ? std::string_view(texts[n]) : std::string_view();
}

class Walk {
 public:
  explicit Walk(std::string_view bytecode) : reader_(bytecode.substr(kDumpHeadBytes)) {}

  std::vector<ScriptName> names() && {
    read_function(0);
    return std::move(names_);
  }

 private:
  // Inner functions stand inside, before the lines and names of their outer one.
  void read_function(int depth) {
    if (depth > kMaxNesting) return;
    Function function;
    reader_.text();  // the source's name
    function.first_line = static_cast<int>(reader_.number());
    reader_.number();  // the last line
    reader_.bytes(3);  // parameters, varargs, stack size
    read_code(reader_, function);
    for (std::size_t left = reader_.count(); left > 0 && !reader_.failed(); --left)
      function.constants.push_back(read_constant(reader_));
    reader_.bytes(3 * reader_.count());  // upvalues: where each comes from
    for (std::size_t left = reader_.count(); left > 0 && !reader_.failed(); --left) read_function(depth + 1);
    read_lines(reader_, function);
    for (std::size_t left = reader_.count(); left > 0 && !reader_.failed(); --left) skip_local();
    for (std::size_t left = reader_.count(); left > 0 && !reader_.failed(); --left)
      function.upvalues.push_back(reader_.text());
    if (!reader_.failed()) find_names(function);
  }

  void skip_local() {
    reader_.text();
    reader_.number();
    reader_.number();
  }

  void find_names(const Function& function) {
    for (std::size_t i = 0; i < function.code.size(); ++i) {
      const Instruction now = function.code[i];
      const int line = i < function.lines.size() ? function.lines[i] : 0;
      const auto add = [&](std::string name, ScriptName::Use use) {
        if (!name.empty()) names_.push_back({std::move(name), line, use});
      };
      if (now.opcode() == kGetTabUp && text_at(function.upvalues, now.b()) == "_ENV")
        add(read_name(function, i, now.c()), ScriptName::Use::kRead);
      else if (now.opcode() == kSetTabUp && text_at(function.upvalues, now.a()) == "_ENV")
        add(std::string(text_at(function.constants, now.b())), ScriptName::Use::kAssigned);
      else if (now.opcode() == kGetUpval && text_at(function.upvalues, now.b()) == "_ENV")
        find_far_name(function, i, add);
      else if (now.opcode() == kSelf && now.c_is_constant())
        add(std::string(text_at(function.constants, now.c())), ScriptName::Use::kMethod);
    }
  }

  // A name that fits into no instruction, being the 257th constant of its function or later, or longer than 40
  // characters: the table of globals and the name are loaded first. What does not read then assigns, perhaps later.
  template <class Add>
  static void find_far_name(const Function& function, std::size_t i, Add add) {
    const auto at = [&](std::size_t n) { return n < function.code.size() ? function.code[n] : Instruction{}; };
    const Instruction load = at(i + 1);
    const bool longer = load.opcode() == kLoadKX;  // its number stands in an instruction of its own
    if (load.opcode() != kLoadK && !longer) return;
    const std::uint32_t name = longer ? at(i + 2).ax() : load.bx();
    const std::size_t use = i + (longer ? 3 : 2);
    const Instruction then = at(use);
    if (then.opcode() == kGetTable && then.b() == function.code[i].a() && then.c() == load.a())
      add(read_name(function, use, name), ScriptName::Use::kRead);
    else
      add(std::string(text_at(function.constants, name)), ScriptName::Use::kAssigned);
  }

  // "http.get" when the instruction behind `i` takes a field from the global that `i` reads, else "http".
  static std::string read_name(const Function& function, std::size_t i, std::uint32_t constant) {
    std::string name(text_at(function.constants, constant));
    if (i + 1 == function.code.size()) return name;
    const Instruction next = function.code[i + 1];
    if (next.opcode() != kGetField || next.b() != function.code[i].a()) return name;
    return name + "." + std::string(text_at(function.constants, next.c()));
  }

  DumpReader reader_;
  std::vector<ScriptName> names_;
};

}  // namespace

std::vector<ScriptName> names_in(std::string_view bytecode) {
  if (!bytecode.starts_with(kHead) || bytecode.size() < kDumpHeadBytes) return {};
  return Walk(bytecode).names();
}

}  // namespace till::plugin
