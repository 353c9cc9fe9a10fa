#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace muster::bench {

/// Steady clock, nanoseconds.
std::uint64_t nowNs();

/// Resident memory of a process in KiB; 0 if there is none of that id.
long residentKib(int pid);

/// What a stretch of time cost. CPU is in seconds, of all threads.
class Interval {
public:
    explicit Interval(int serverPid) : serverPid_(serverPid) {}
    void start();
    void stop();
    double wall() const { return wall_; }
    double serverCpu() const { return server_; }
    double ownCpu() const { return own_; }
    /// CPU, in cores, that neither the server nor this process used: with much of it a figure
    /// says nothing.
    double foreign() const { return foreign_; }

private:
    int serverPid_;
    std::uint64_t from_ = 0;
    double wall_ = 0, server_ = 0, own_ = 0, busy_ = 0, foreign_ = 0;
};

/// Times in nanoseconds.
class Samples {
public:
    void add(std::uint64_t time) { values_.push_back(static_cast<float>(time)); }
    void clear() { values_.clear(); }
    /// A quantile in microseconds; 0 without samples. `part` in [0, 1).
    double us(double part);

private:
    std::vector<float> values_;
};

/// A measurement's figures, as one line of JSON.
class Row {
public:
    Row& add(const std::string& name, double value);
    /// Rate and cost of `events` in an interval.
    Row& add(const Interval& interval, double events);
    void print() const;

private:
    std::string text_;
};

}  // namespace muster::bench
