// Randomness from the kernel, fit for keys.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace till {

// Fills `out` from getrandom(2). Ends the process when the kernel has no randomness to give, because nothing safe can
// be done then. Any thread; a forked child gets other bytes than its parent.
void fill_random(std::span<std::uint8_t> out);

// One byte: enough to keep things apart that would otherwise happen together.
std::uint8_t random_byte();

// As many bytes as a string. For keys use fill_random() into memory that is wiped.
std::string random_bytes(std::size_t size);

}  // namespace till
