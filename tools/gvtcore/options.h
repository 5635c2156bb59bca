// The command line as its commands see it. options.cc hands it to CLI11, and is the only source
// that reads that library: it is all headers, and would cost each command ten seconds to compile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace gvt::tools {

// What an option takes. Each call narrows it and returns the same option.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option Named(const char* value);  // the value's name in --help; "" shows none
  Option OneOf(std::vector<std::string> words);
  Option Between(int least, int most);
  Option Between(unsigned least, unsigned most);
  Option Between(double least, double most);
  Option NotNegative();
  Option Bytes();  // a number with a suffix k, m or g, of 1024
  Option Needs(Option other);
  Option Required();
  Option WithDefaultShown();

 private:
  CLI::Option* option_;
};

// One command: `value` must live until Run has returned, best in what Does holds.
class Command {
 public:
  Command(CLI::App* app, int* exit_status) : app_(app), exit_status_(exit_status) {}

  // `name` is --name, or NAME for what stands by itself.
  Option Add(const char* name, std::string* value, const char* help);
  Option Add(const char* name, std::vector<std::string>* values, const char* help);
  Option Add(const char* name, int* value, const char* help);
  Option Add(const char* name, unsigned* value, const char* help);
  Option Add(const char* name, int64_t* value, const char* help);
  Option Add(const char* name, uint64_t* value, const char* help);
  Option Add(const char* name, double* value, const char* help);
  Option Add(const char* name, std::optional<uint32_t>* value, const char* help);
  Option Flag(const char* names, bool* value, const char* help);

  // What stands below the options in --help, and what runs when the command was chosen: it returns
  // the exit status (report_total.h).
  void Does(const char* footer, std::function<int()> run);

 private:
  CLI::App* app_;
  int* exit_status_;
};

class CommandLine {
 public:
  CommandLine(const char* program, const char* version, const char* help, const char* footer);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command Add(const char* name, const char* help);

  // Parses, runs the command that was named and returns its exit status; kExitError if anything is
  // wrong with the command line.
  int Run(int argc, const char* const* argv);

 private:
  std::unique_ptr<CLI::App> app_;
  int exit_status_;
};

}  // namespace gvt::tools
