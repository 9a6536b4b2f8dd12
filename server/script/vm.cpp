// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/vm.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "protocol/base/check.h"
#include "server/cycle_clock.h"
#include "server/script/sandbox.h"

namespace keel::script {

namespace {

// About two microseconds of Lua. As much as that many instructions of the slowest kind (two strings of hundreds of
// megabytes compared) may go by before the first pause; then they come after each.
constexpr int kInstructionsBetweenPauses = 1000;
constexpr int kInstructionsWhenSlow = 2;
constexpr int kInstructionsWhenKilled = 1;
constexpr std::int64_t kStepsBetweenPauses = 10'000;
constexpr std::uint64_t kLongNs = 2'000'000;
constexpr std::size_t kLargeBytes = std::size_t{1} << 18;
constexpr std::size_t kBytesOfStep = 64;

}  // namespace

void* Vm::allocate(void* self, void* old, std::size_t old_size, std::size_t size) {
    auto& vm = *static_cast<Vm*>(self);
    if (size == 0) {
        vm.bytes_ -= old_size;
        std::free(old);
        return nullptr;
    }
    if (size > old_size && (size > kMostBytes || vm.bytes_ - old_size + size > kMostBytes)) return nullptr;
    void* const memory = std::realloc(old, size);
    if (memory != nullptr) vm.bytes_ += size - old_size;
    if (size >= kLargeBytes) [[unlikely]]
        vm.note_large(size);
    return memory;
}

Vm::Vm(bool unsafe_functions) {
    lua_ = lua_newstate(&Vm::allocate, this);
    KEEL_CHECK(lua_ != nullptr);
    std::string error;
    const bool built = protect(
        [&](lua_State* lua) {
            open_safe_libraries(lua, unsafe_functions);
            lua_pushvalue(lua, LUA_GLOBALSINDEX);
            globals_ = luaL_ref(lua, LUA_REGISTRYINDEX);
            push_globals();
            push_front(lua);  // what scripts know as _G
            lua_pushvalue(lua, -1);
            front_ = luaL_ref(lua, LUA_REGISTRYINDEX);
            push_globals();
            lua_pushvalue(lua, -2);
            lua_setfield(lua, -2, "_G");
            // What is not there is an error.
            lua_createtable(lua, 0, 1);
            lua_pushcfunction(lua, missing_global);
            lua_setfield(lua, -2, "__index");
            lua_setmetatable(lua, -2);
            lua_pop(lua, 1);
            lua_replace(lua, LUA_GLOBALSINDEX);
            open_bit(lua);
            publish("bit");
            open_struct(lua);
            publish("struct");
            open_cmsgpack(lua);
            publish("cmsgpack");
            open_cjson(lua);
            publish("cjson");
        },
        error);
    KEEL_CHECK(built);
    collect_all();
}

Vm::~Vm() { lua_close(lua_); }

namespace {
struct Guarded {
    absl::FunctionRef<void(lua_State*)> work;
};
int run_guarded(lua_State* lua) {
    auto* guarded = static_cast<Guarded*>(lua_touserdata(lua, 1));
    lua_settop(lua, 0);
    guarded->work(lua);
    return 0;
}
}  // namespace

bool Vm::protect(absl::FunctionRef<void(lua_State*)> work, std::string& error) {
    Guarded guarded{work};
    const int top = lua_gettop(lua_);
    const bool done = lua_cpcall(lua_, run_guarded, &guarded) == 0;
    if (done && bytes_ > kMostBytes / 2) [[unlikely]]
        collect_all();
    if (done) return true;
    const Bytes text = lua_type(lua_, -1) == LUA_TSTRING ? bytes_at(lua_, -1) : Bytes{"unknown error"};
    error.assign(text);
    lua_settop(lua_, top);
    // Lua 5.1 does not collect when memory runs out: what the script left would be in the way of all others.
    if (bytes_ > kMostBytes / 2) collect_all();
    return false;
}

namespace {
struct Source {
    Bytes left;
};
// In pieces, so that compiling a long text has pauses.
const char* next_piece(lua_State* lua, void* source, std::size_t* size) {
    constexpr std::size_t kPiece = 4096;
    Bytes& left = static_cast<Source*>(source)->left;
    const Bytes piece = left.substr(0, kPiece);
    left.remove_prefix(piece.size());
    Vm::of(lua).step(lua, piece.size());
    *size = piece.size();
    return piece.empty() ? nullptr : piece.data();
}
}  // namespace

int load_text(lua_State* lua, Bytes source, const char* chunk_name) {
    if (source.size() > Vm::kMostSourceBytes) {
        lua_pushliteral(lua, "script is too long");
        return LUA_ERRSYNTAX;
    }
    if (!source.empty() && source.front() == LUA_SIGNATURE[0]) {
        lua_pushliteral(lua, "binary chunks are not allowed");
        return LUA_ERRSYNTAX;
    }
    lua_pushstring(lua, chunk_name);  // keeps the name's string alive
    Source text{source};
    lua_gc(lua, LUA_GCSTOP, 0);
    const int status = lua_load(lua, next_piece, &text, chunk_name);
    lua_gc(lua, LUA_GCRESTART, 0);
    lua_remove(lua, -2);
    return status;
}

int Vm::compile(Bytes source, const char* chunk_name, std::string& error) {
    int handle = LUA_NOREF;
    const bool done = protect(
        [&](lua_State* lua) {
            if (load_text(lua, source, chunk_name) == 0)
                handle = luaL_ref(lua, LUA_REGISTRYINDEX);
            else
                error.assign(bytes_at(lua, -1));
        },
        error);
    return done ? handle : LUA_NOREF;
}

void Vm::release(int handle) {
    std::string error;
    protect([&](lua_State* lua) { luaL_unref(lua, LUA_REGISTRYINDEX, handle); }, error);
}

void Vm::publish(const char* name) {
    push_front(lua_);
    push_globals();
    lua_insert(lua_, -2);
    lua_setfield(lua_, -2, name);
    lua_pop(lua_, 1);
}

// Where the front looks: takes a table from the top of the stack.
void Vm::set_global_source() {
    lua_rawgeti(lua_, LUA_REGISTRYINDEX, front_);
    lua_getmetatable(lua_, -1);
    lua_pushvalue(lua_, -3);
    lua_setfield(lua_, -2, "__index");
    lua_pop(lua_, 3);
}

void Vm::replace_globals() { set_global_source(); }

void Vm::restore_globals() {
    push_globals();
    set_global_source();
}

// ---- Pauses ----

Vm& Vm::of(lua_State* lua) {
    void* self = nullptr;
    lua_getallocf(lua, &self);
    return *static_cast<Vm*>(self);
}

namespace {
void set_pace(lua_State* lua, lua_Hook hook, int instructions) { lua_sethook(lua, hook, LUA_MASKCOUNT, instructions); }
}  // namespace

void Vm::on_pause(Pause pause, void* who) {
    pause_ = pause;
    pause_who_ = who;
    set_pace(lua_, on_count, kInstructionsBetweenPauses);
}

void Vm::on_count(lua_State* lua, lua_Debug*) { of(lua).pause(lua); }

void Vm::pause(lua_State* lua) {
    steps_left_ = kStepsBetweenPauses;
    if (pause_ == nullptr) return;
    const std::uint64_t now = CycleClock::ticks();
    const bool slow = CycleClock::ns(now - paused_at_) > kLongNs;
    paused_at_ = now;
    // Each coroutine has a pace of its own. One that outlived a killed run comes here after each instruction.
    const int pace = lua_gethookcount(lua);
    if (slow && pace != kInstructionsWhenSlow)
        set_pace(lua, on_count, kInstructionsWhenSlow);
    else if (!slow && pace < kInstructionsBetweenPauses)
        set_pace(lua, on_count, std::min(2 * pace, kInstructionsBetweenPauses));
    pause_(lua, pause_who_);
    paused_at_ = CycleClock::ticks();
}

// Whoever asks for much memory will fill it: that counts, too, but an allocation is no place for a pause. (A hook may
// be set anywhere. What runs in a coroutine has its pause a little later.)
void Vm::note_large(std::size_t size) {
    steps_left_ -= static_cast<std::int64_t>(size / kBytesOfStep);
    if (steps_left_ < 0 && pause_ != nullptr && !killing_) set_pace(lua_, on_count, kInstructionsWhenSlow);
}

void Vm::look_at_clock(lua_State* lua) {
    if (CycleClock::ns(CycleClock::ticks() - paused_at_) > kLongNs) [[unlikely]]
        pause(lua);
}

void Vm::kill(lua_State* lua) {
    killing_ = true;
    set_pace(lua, on_count, kInstructionsWhenKilled);
    set_pace(lua_, on_count, kInstructionsWhenKilled);
}

void Vm::end() {
    if (killing_) set_pace(lua_, on_count, kInstructionsBetweenPauses);
    killing_ = false;
}

// ---- Garbage ----

void Vm::collect_some() {
    constexpr unsigned kRunsBetween = 50;
    if (++runs_ % kRunsBetween == 0) lua_gc(lua_, LUA_GCSTEP, 2);
}

void Vm::collect_all() { lua_gc(lua_, LUA_GCCOLLECT, 0); }

}  // namespace keel::script
