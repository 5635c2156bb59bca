#include "tools/gvtcore/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <utility>

#include "tools/gvtcore/report_total.h"

namespace gvt::tools {

Option Option::Named(const char* value) {
  option_->type_name(value);
  return *this;
}

Option Option::OneOf(std::vector<std::string> words) {
  option_->check(CLI::IsMember(std::move(words)));
  return *this;
}

Option Option::Between(int least, int most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::Between(unsigned least, unsigned most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::Between(double least, double most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option Option::NotNegative() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Option Option::Bytes() {
  option_->transform(CLI::AsSizeValue(false));
  return *this;
}

Option Option::Needs(Option other) {
  option_->needs(other.option_);
  return *this;
}

Option Option::Required() {
  option_->required();
  return *this;
}

Option Option::WithDefaultShown() {
  option_->capture_default_str();
  return *this;
}

Option Command::Add(const char* name, std::string* value, const char* help) {
  return Option(app_->add_option(name, *value, help));
}

Option Command::Add(const char* name, std::vector<std::string>* values, const char* help) {
  return Option(app_->add_option(name, *values, help));
}

Option Command::Add(const char* name, int* value, const char* help) {
  return Option(app_->add_option(name, *value, help));
}

Option Command::Add(const char* name, unsigned* value, const char* help) {
  return Option(app_->add_option(name, *value, help));
}

Option Command::Add(const char* name, int64_t* value, const char* help) {
  return Option(app_->add_option(name, *value, help));
}

Option Command::Add(const char* name, uint64_t* value, const char* help) {
  return Option(app_->add_option(name, *value, help));
}

Option Command::Add(const char* name, double* value, const char* help) {
  return Option(app_->add_option(name, *value, help));
}

Option Command::Add(const char* name, std::optional<uint32_t>* value, const char* help) {
  return Option(app_->add_option(name, *value, help));
}

Option Command::Flag(const char* names, bool* value, const char* help) {
  return Option(app_->add_flag(names, *value, help));
}

void Command::Does(const char* footer, std::function<int()> run) {
  app_->footer(footer);
  app_->callback([run = std::move(run), status = exit_status_] { *status = run(); });
}

CommandLine::CommandLine(const char* program, const char* version, const char* help,
                         const char* footer)
    : app_(std::make_unique<CLI::App>(help, program)), exit_status_(kExitClean) {
  app_->require_subcommand(1);
  app_->set_version_flag("--version", version);
  app_->footer(footer);
  app_->get_formatter()->column_width(26);
}

CommandLine::~CommandLine() = default;

Command CommandLine::Add(const char* name, const char* help) {
  return {app_->add_subcommand(name, help), &exit_status_};
}

int CommandLine::Run(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error) == 0 ? kExitClean : kExitError;
  } catch (const std::exception& error) {
    fmt::print(stderr, "gvtcore: {}\n", error.what());
    return kExitError;
  }
  if (std::fflush(stdout) != 0) {
    std::perror("gvtcore: standard output");
    return kExitError;
  }
  return exit_status_;
}

}  // namespace gvt::tools
