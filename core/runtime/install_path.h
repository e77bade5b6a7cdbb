// Where the providers that were installed with the library are.
#pragma once

#include <string>

namespace till {

// The folder of installed providers, found relative to the file that this code was loaded from (libtill.so, or the
// program that holds libtill.a), then at the place that the build was configured to install to. Empty when there is
// neither. Any thread; reads the file system.
std::string installed_provider_path();

}  // namespace till
