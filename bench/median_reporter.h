// How the programs here report: medians of many short repetitions taken by turns, and their ratios.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace till {

// Keeps each repetition's CPU time instead of printing hundreds of lines; what counts is the ratios at the end.
class MedianReporter : public benchmark::ConsoleReporter {
 public:
  MedianReporter() : ConsoleReporter(OO_None) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration) times_[run.run_name.function_name].push_back(run.GetAdjustedCPUTime());
  }
  double median(const std::string& name) {
    auto& times = times_[name];
    if (times.empty()) return 0;
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

 private:
  std::map<std::string, std::vector<double>> times_;
};

inline double print_ratio(MedianReporter& reporter, const char* ours, const char* theirs) {
  const double our_time = reporter.median(ours), their_time = reporter.median(theirs);
  const double ratio = their_time > 0 ? our_time / their_time : 0;
  std::printf("%-14s %9.0f ns   %-14s %9.0f ns   ratio %.2f\n", ours, our_time, theirs, their_time, ratio);
  return ratio;
}

// Runs all benchmarks of the program; false for a wrong command line.
inline bool run_by_turns(int argc, char** argv, MedianReporter& reporter) {
  std::vector<char*> arguments(argv, argv + argc);
  // By turns: many short repetitions of all sides in random order, so that a slow moment of the machine hits all alike.
  std::string repetitions = "--benchmark_repetitions=25", interleave = "--benchmark_enable_random_interleaving=true",
              min_time = "--benchmark_min_time=0.02";
  arguments.insert(arguments.begin() + 1, {repetitions.data(), interleave.data(), min_time.data()});
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (benchmark::ReportUnrecognizedArguments(count, arguments.data())) return false;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return true;
}

}  // namespace till
