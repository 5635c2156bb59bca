// Signals: those of a terminal reach the child by themselves, for it is in the same process group;
// here they only must not end the parent before its child. SIGTERM and SIGHUP are for one process
// and are handed on.
//
// A pipe that closes when the child's program starts says whether it did: execvp() sends its errno.
#include "tools/gvtcore/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace gvt::tools {
namespace {

// atomic, lock-free: read by the signal handler
std::atomic<pid_t> g_child{0};

void PassOn(int signal) {
  if (const pid_t child = g_child.load(); child > 0) kill(child, signal);
}

// Sets the disposition of the signals for its lifetime.
class SignalsPassedOn {
 public:
  SignalsPassedOn() {
    Set(0, SIGTERM, PassOn);
    Set(1, SIGHUP, PassOn);
    Set(2, SIGINT, SIG_IGN);
    Set(3, SIGQUIT, SIG_IGN);
  }
  ~SignalsPassedOn() { Restore(); }
  SignalsPassedOn(const SignalsPassedOn&) = delete;
  SignalsPassedOn& operator=(const SignalsPassedOn&) = delete;

  void Restore() const {
    for (const Before& before : before_) sigaction(before.signal, &before.action, nullptr);
  }

 private:
  struct Before {
    int signal = 0;
    struct sigaction action = {};
  };
  void Set(size_t place, int signal, void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    before_[place].signal = signal;
    sigaction(signal, &action, &before_[place].action);
  }
  Before before_[4];
};

[[noreturn]] void BecomeChild(const std::vector<std::string>& words, const Environment& environment,
                              int report) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  [[maybe_unused]] const ssize_t written = write(report, &error, sizeof error);
  _exit(127);
}

int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -errno;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int RunChild(const std::vector<std::string>& words, const Environment& environment) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return -errno;
  const SignalsPassedOn signals;
  const pid_t child = fork();
  if (child < 0) {
    const int error = errno;
    close(report[0]);
    close(report[1]);
    return -error;
  }
  if (child == 0) {
    signals.Restore();
    BecomeChild(words, environment, report[1]);
  }
  g_child.store(child);
  close(report[1]);
  int error = 0;
  ssize_t size = 0;
  do {
    size = read(report[0], &error, sizeof error);
  } while (size < 0 && errno == EINTR);
  close(report[0]);
  const int status = WaitFor(child);
  g_child.store(0);
  return size == static_cast<ssize_t>(sizeof error) ? -error : status;
}

}  // namespace gvt::tools
