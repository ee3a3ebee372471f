// Threads for the kernels, shared with libtorch.
//
// at::parallel_for is implemented in libtorch's headers, so it is compiled here, and runs on one thread if the
// compiler's OpenMP is disabled. GCC's OpenMP calls libgomp, which libtorch uses as well. clang's OpenMP calls LLVM's
// runtime, which would create a second, independent thread pool in the same process. With clang, OpenMP is therefore
// disabled, and the entry point that GCC compiles `omp parallel` to is called instead; both libgomp and LLVM's runtime
// export it.
#pragma once

#include <ATen/Parallel.h>

#if AT_PARALLEL_OPENMP && defined(_OPENMP)
#include <omp.h>
#define NVG_TEAMS 1
#elif AT_PARALLEL_OPENMP && defined(__clang__)
#include <algorithm>
#include <exception>
#include <mutex>
#define NVG_TEAMS 1
extern "C" {
void GOMP_parallel(void (*function)(void *), void *data, unsigned thread_count, unsigned flags);
int omp_get_thread_num(void);
int omp_get_num_threads(void);
}
#elif AT_PARALLEL_OPENMP
#error "Compile with OpenMP (-fopenmp): at::parallel_for would run on one thread."
#endif

namespace nvg {

#ifdef NVG_TEAMS

// Calls `body(thread, threads)` on all threads of a team at once. `threads` may be less than the requested number. The
// body must not throw.
template <typename Body> void run_team(int threads, const Body &body) {
#if defined(_OPENMP)
#pragma omp parallel num_threads(threads)
  body(omp_get_thread_num(), omp_get_num_threads());
#else
  const auto run = [](void *data) { (*static_cast<const Body *>(data))(omp_get_thread_num(), omp_get_num_threads()); };
  GOMP_parallel(run, const_cast<void *>(static_cast<const void *>(&body)), static_cast<unsigned>(threads), 0);
#endif
}

#endif

// Calls `body(begin, end)` for parts of a range, on libtorch's threads. Rethrows the first exception thrown by a body.
template <typename Body> void parallel_for(int64_t begin, int64_t end, int64_t grain, const Body &body) {
#if !defined(NVG_TEAMS) || defined(_OPENMP)
  at::parallel_for(begin, end, grain, body);
#else
  if (begin >= end)
    return;
  at::internal::lazy_init_num_threads();
  const int64_t count = end - begin;
  if (count <= std::max<int64_t>(grain, 1) || at::in_parallel_region() || at::get_num_threads() == 1) {
    const at::internal::ThreadIdGuard guard(0);
    body(begin, end);
    return;
  }

  std::exception_ptr error;
  std::mutex error_mutex;
  run_team(at::get_num_threads(), [&](int thread, int threads) {
    const int64_t parts = grain > 0 ? std::min<int64_t>(threads, at::divup(count, grain)) : threads;
    const int64_t size = at::divup(count, parts), first = begin + thread * size;
    if (first >= end)
      return;
    try {
      const at::internal::ThreadIdGuard guard(thread);
      body(first, std::min(end, first + size));
    } catch (...) {
      const std::lock_guard<std::mutex> lock(error_mutex);
      if (error == nullptr)
        error = std::current_exception();
    }
  });
  if (error != nullptr)
    std::rethrow_exception(error);
#endif
}

} // namespace nvg
