#include "core/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace till {
namespace {

TEST(File, why_it_cannot_be_read_is_in_the_systems_words) {
  std::string folder = testing::TempDir() + "till-file-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/file", fifo = folder + "/fifo";
  std::ofstream(file) << "text";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_EQ(why_unreadable(file), "");
  EXPECT_EQ(why_unreadable(fifo), "") << "nobody writes into it, and nobody waits";
  EXPECT_EQ(why_unreadable(folder + "/none"), "No such file or directory");
  EXPECT_EQ(why_unreadable(file + "/below"), "Not a directory");
  EXPECT_EQ(why_unreadable(folder), "Is a directory");
  ASSERT_EQ(::chmod(file.c_str(), 0), 0);
  EXPECT_EQ(why_unreadable(file), ::geteuid() == 0 ? "" : "Permission denied");
  ::unlink(file.c_str());
  ::unlink(fifo.c_str());
  ::rmdir(folder.c_str());
}

}  // namespace
}  // namespace till
