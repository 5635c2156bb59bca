// Interleaved measurement: all jobs by turns, so that a slow moment of the machine hits each of
// them alike.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "bench/yardsticks.h"

namespace gvt::bench {

// Processor time of this thread: what others run meanwhile does not count.
double ThreadNs();

// The middle of a sample and what lies around it.
struct Spread {
  double median = 0;
  double low = 0;   // 10th percentile
  double high = 0;  // 90th percentile
};

// Percentiles of a sample; all zero if it is empty.
Spread SpreadOf(std::vector<double> sample);

// Times the jobs of one corpus in rounds. A ratio is taken within a round and only then averaged.
class Rounds {
 public:
  // Warms every job up and finds how many passes fill a time slice.
  explicit Rounds(Yardsticks* yardsticks);

  // One time slice of each job, in an order that rotates from round to round. Returns the seconds
  // it took.
  double Next();

  Spread NsPerCommand(Job job) const;
  // The same of one pass of an engine that has seen nothing; kInterpreter's is an interpreter. Jobs
  // that audit only.
  Spread FirstSight(Job job) const;
  // Time of `job` divided by the time of `base` in the same round.
  Spread Ratio(Job job, Job base) const;
  // The same with `job` at first sight; and with both.
  Spread FirstSightRatio(Job job, Job base) const;
  Spread FirstSightsRatio(Job job, Job base) const;

 private:
  using Round = std::array<double, kJobCount>;  // ns a command of each job

  double NsOfSlice(Job job);

  Yardsticks& yardsticks_;
  std::array<uint32_t, kJobCount> passes_{};
  std::vector<Round> ns_;
  std::vector<Round> first_sight_;  // 0 where a job audits nothing
};

}  // namespace gvt::bench
