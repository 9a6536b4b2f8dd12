// SPDX-License-Identifier: BSD-3-Clause
#include "server/crash_text.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <ucontext.h>

#include <cstdlib>
#include <memory>
#include <span>

namespace keel::crash {

namespace {

constexpr int kMostFrames = 100;

std::uint64_t offset_of(const void* address, const void* base) {
    return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(base);
}

// `program(symbol+0x1a) [0x55d0c0de] +0x10de`: the last is what addr2line takes. A static function is shown as an
// offset from the exported one before it; then the last column alone is to be trusted.
void write_frame(const void* address) noexcept {
    Dl_info info{};
    if (dladdr(address, &info) == 0 || info.dli_fname == nullptr) return line("[{}]", address);
    const std::uint64_t in_file = offset_of(address, info.dli_fbase);
    if (info.dli_sname == nullptr) return line("{}() [{}] +0x{:x}", info.dli_fname, address, in_file);
    line("{}({}+0x{:x}) [{}] +0x{:x}", info.dli_fname, info.dli_sname, offset_of(address, info.dli_saddr), address, in_file);
}

std::span<void* const> frames() noexcept {
    static std::array<void*, kMostFrames> addresses;
    const int count = backtrace(addresses.data(), kMostFrames);
    return {addresses.data(), static_cast<std::size_t>(count > 0 ? count : 0)};
}

}  // namespace

void write_stack_trace(const void* context) noexcept {
    line("\n------ STACK TRACE ------");
    if (const void* at = instruction(context); at != nullptr) {
        line("EIP:");
        write_frame(at);
    }
    line("\nBacktrace:");
    for (const void* address : frames()) write_frame(address);
    line("------ STACK TRACE DONE ------");
}

std::string function_name(const void* address) {
    Dl_info info{};
    if (dladdr(address, &info) == 0 || info.dli_sname == nullptr) return {};
    int failed = 0;
    const std::unique_ptr<char, void (*)(void*)> name{abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &failed),
                                                      std::free};
    return failed == 0 ? name.get() : info.dli_sname;
}

void write_readable_trace() {
    line("\n------ THE SAME IN READABLE NAMES ------");
    for (const void* address : frames()) {
        const std::string name = function_name(address);
        line("{}", name.empty() ? Bytes{"?"} : Bytes{name});
    }
}

#if defined(__x86_64__)

const void* instruction(const void* context) noexcept {
    if (context == nullptr) return nullptr;
    return reinterpret_cast<const void*>(static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
}

void write_registers(const void* context) noexcept {
    const auto& r = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
    const auto of = [&r](int index) { return static_cast<std::uint64_t>(r[index]); };
    line("\n------ REGISTERS ------");
    line("RAX:{:016x} RBX:{:016x}\nRCX:{:016x} RDX:{:016x}", of(REG_RAX), of(REG_RBX), of(REG_RCX), of(REG_RDX));
    line("RDI:{:016x} RSI:{:016x}\nRBP:{:016x} RSP:{:016x}", of(REG_RDI), of(REG_RSI), of(REG_RBP), of(REG_RSP));
    line("R8 :{:016x} R9 :{:016x}\nR10:{:016x} R11:{:016x}", of(REG_R8), of(REG_R9), of(REG_R10), of(REG_R11));
    line("R12:{:016x} R13:{:016x}\nR14:{:016x} R15:{:016x}", of(REG_R12), of(REG_R13), of(REG_R14), of(REG_R15));
    line("RIP:{:016x} EFL:{:016x}\nCSGSFS:{:016x}", of(REG_RIP), of(REG_EFL), of(REG_CSGSFS));
}

#elif defined(__aarch64__)

const void* instruction(const void* context) noexcept {
    if (context == nullptr) return nullptr;
    return reinterpret_cast<const void*>(static_cast<const ucontext_t*>(context)->uc_mcontext.pc);
}

void write_registers(const void* context) noexcept {
    const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
    line("\n------ REGISTERS ------");
    for (int i = 0; i < 30; i += 2) line("X{:02}:{:016x} X{:02}:{:016x}", i, machine.regs[i], i + 1, machine.regs[i + 1]);
    line("X30:{:016x}\npc:{:016x} sp:{:016x} pstate:{:016x}", machine.regs[30], machine.pc, machine.sp, machine.pstate);
}

#else

const void* instruction(const void*) noexcept { return nullptr; }
void write_registers(const void*) noexcept { line("\n------ REGISTERS ------\nnot known for this processor"); }

#endif

}  // namespace keel::crash
