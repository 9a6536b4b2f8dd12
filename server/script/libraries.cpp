// SPDX-License-Identifier: BSD-3-Clause
#include "server/script/libraries.h"

#include <algorithm>
#include <cctype>

#include "protocol/base/words.h"
#include "server/script/api.h"
#include "server/script/convert.h"
#include "server/script/library_dump.h"
#include "server/script/runner.h"
#include "server/script/sandbox.h"

namespace keel::script {

namespace {

constexpr ErrorText kMissing{"ERR Missing library metadata"};
constexpr ErrorText kInvalid{"ERR Invalid library metadata"};
constexpr ErrorText kNamedTwice{"ERR Invalid metadata value, name argument was given multiple times"};
constexpr ErrorText kNotNamed{"ERR Library name was not given"};
constexpr ErrorText kBadName{
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"};
constexpr ErrorText kNoFunctions{"ERR No functions registered"};
constexpr ErrorText kNoLibrary{"ERR Library not found"};

bool is_name(Bytes name) {
    return !name.empty() &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

Error quoting(Bytes before, Bytes word, Bytes after) {
    return Error{std::string{"ERR "}.append(before).append(word).append(after)};
}

struct Metadata {
    std::string name;
    std::size_t bytes = 0;  // of the first line, without its end
};

Result<Metadata> read_metadata(Bytes code) {
    if (code.substr(0, 2) != "#!") return kMissing;
    Metadata metadata;
    metadata.bytes = code.find('\n');
    if (metadata.bytes == Bytes::npos) return kInvalid;
    std::vector<std::string> words;
    if (!split_words(code.substr(0, metadata.bytes), words) || words.empty()) return kInvalid;
    bool named = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
        if (!equal_nocase(Bytes{words[i]}.substr(0, 5), "name="))
            return quoting("Invalid metadata value given: ", words[i], "");
        if (std::exchange(named, true)) return kNamedTwice;
        metadata.name = words[i].substr(5);
    }
    if (!named) return kNotNamed;
    if (!is_name(metadata.name)) return kBadName;
    const Bytes engine = Bytes{words[0]}.substr(2);
    if (!equal_nocase(engine, "lua")) return quoting("Engine '", engine, "' not found");
    return metadata;
}

int register_function_of(lua_State* lua) {
    return static_cast<Libraries*>(lua_touserdata(lua, lua_upvalueindex(1)))->register_function(lua);
}

}  // namespace

bool NoCase::operator()(Bytes a, Bytes b) const noexcept {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
        return std::tolower(x) < std::tolower(y);
    });
}

Libraries::Libraries(Runner& runner, bool unsafe_functions)
    : runner_(runner), unsafe_functions_(unsafe_functions), vm_(open_vm(runner, unsafe_functions)) {}

Libraries::Contents Libraries::exchange(Contents contents) {
    return {std::exchange(vm_, std::move(contents.vm)), std::exchange(libraries_, std::move(contents.libraries)),
            std::exchange(functions_, std::move(contents.functions))};
}

std::shared_ptr<void> Libraries::flush() {
    return std::make_shared<Contents>(exchange({open_vm(runner_, unsafe_functions_), {}, {}}));
}

// ---- Loading ----

// Compiles the library and runs it, which registers its functions; nobody else sees them yet.
Result<std::unique_ptr<Library>> Libraries::build(Bytes code) {
    KEEL_TRY(const Metadata metadata, read_metadata(code));
    std::string error;
    const int chunk = vm_->compile(code.substr(metadata.bytes), "@user_function", error);
    if (chunk == LUA_NOREF) return Error{"ERR Error compiling function: " + error};
    auto library = std::make_unique<Library>(Library{metadata.name, std::string{code}, {}});
    loading_ = library.get();
    runner_.begin_load();
    bool failed = false;
    const bool whole = vm_->protect(
        [&](lua_State* lua) {
            lua_newtable(lua);  // the globals while it is loaded
            open_redis_for_load(lua, register_function_of, this);
            push_front(lua);
            lua_pushvalue(lua, -1);
            lua_setfield(lua, -3, "redis");
            lua_setfield(lua, -2, "server");
            lua_createtable(lua, 0, 1);
            lua_pushcfunction(lua, missing_global);
            lua_setfield(lua, -2, "__index");
            lua_setmetatable(lua, -2);
            vm_->replace_globals();
            lua_rawgeti(lua, LUA_REGISTRYINDEX, chunk);
            failed = lua_pcall(lua, 0, 0, 0) != 0;
            if (!failed) return;
            bool counted = false;
            error = lua_istable(lua, -1) ? std::string{error_of_table(lua, -1, counted)}
                                         : "ERR " + std::string{bytes_at(lua, -1)};
        },
        error);
    runner_.end_load();
    loading_ = nullptr;
    std::string ignored;
    vm_->protect([this](lua_State*) { vm_->restore_globals(); }, ignored);
    vm_->release(chunk);
    if (whole && !failed && !library->functions.empty()) return library;
    release(*library);
    if (!whole || failed) return Error{"ERR Error registering functions: " + error};
    return kNoFunctions;
}

// redis.register_function(name, function), redis.register_function{function_name=, callback=, flags=, description=}
int Libraries::register_function(lua_State* lua) {
    if (loading_ == nullptr)
        return raise_error(lua, "ERR redis.register_function can only be called on FUNCTION LOAD command");
    const int count = lua_gettop(lua);
    if (count < 1 || count > 2) return raise_error(lua, "ERR wrong number of arguments to redis.register_function");
    auto function = std::make_unique<Function>();
    if (count == 2)
        take_positional(lua, *function);
    else
        take_named(lua, *function);
    if (!is_name(function->name)) return raise_error(lua, kBadName.text);
    for (const auto& other : loading_->functions) {
        if (equal_nocase(other->name, function->name))
            return raise_error(lua, "ERR Function already exists in the library");
    }
    // The callback is at the top of the stack.
    function->handle = luaL_ref(lua, LUA_REGISTRYINDEX);
    loading_->functions.push_back(std::move(function));
    return 0;
}

void Libraries::take_positional(lua_State* lua, Function& function) {
    if (lua_isstring(lua, 1) == 0)
        raise_error(lua, lua_isfunction(lua, 2)
                             ? Bytes{"ERR first argument to redis.register_function must be a string"}
                             : Bytes{"ERR second argument to redis.register_function must be a function"});
    if (!lua_isfunction(lua, 2)) raise_error(lua, "ERR second argument to redis.register_function must be a function");
    function.name = bytes_at(lua, 1);
}

namespace {

// The flags in the table at the top of the stack.
ScriptFlag read_flags(lua_State* lua) {
    ScriptFlag flags = ScriptFlag::none;
    for (int i = 1;; ++i) {
        lua_rawgeti(lua, -1, i);
        if (lua_isnil(lua, -1)) break;
        const ScriptFlag flag = lua_type(lua, -1) == LUA_TSTRING ? flag_of(bytes_at(lua, -1)) : ScriptFlag::none;
        if (flag == ScriptFlag::none) raise_error(lua, "ERR unknown flag given");
        flags = flags | flag;
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return flags;
}

}  // namespace

// Leaves the callback at the top of the stack.
void Libraries::take_named(lua_State* lua, Function& function) {
    if (!lua_istable(lua, 1))
        raise_error(lua,
                    "ERR calling redis.register_function with a single argument is only applicable to Lua table "
                    "(representing named arguments).");
    lua_pushnil(lua);  // the callback, at 2
    bool named = false;
    for (lua_pushnil(lua); lua_next(lua, 1) != 0; lua_pop(lua, 1)) {
        const Bytes key = lua_type(lua, -2) == LUA_TSTRING ? bytes_at(lua, -2) : Bytes{};
        const bool is_text = lua_isstring(lua, -1) != 0;
        if (lua_type(lua, -2) != LUA_TSTRING)
            raise_error(lua, "ERR named argument key given to redis.register_function is not a string");
        if (equal_nocase(key, "function_name")) {
            if (!is_text)
                raise_error(lua, "ERR function_name argument given to redis.register_function must be a string");
            function.name = bytes_at(lua, -1);
            named = true;
        } else if (equal_nocase(key, "description")) {
            if (!is_text)
                raise_error(lua, "ERR description argument given to redis.register_function must be a string");
            function.description = bytes_at(lua, -1);
            function.described = true;
        } else if (equal_nocase(key, "callback")) {
            if (!lua_isfunction(lua, -1))
                raise_error(lua, "ERR callback argument given to redis.register_function must be a function");
            lua_pushvalue(lua, -1);
            lua_replace(lua, 2);
        } else if (equal_nocase(key, "flags")) {
            if (!lua_istable(lua, -1))
                raise_error(
                    lua, "ERR flags argument to redis.register_function must be a table representing function flags");
            function.flags = read_flags(lua);
        } else {
            raise_error(lua, "ERR unknown argument given to redis.register_function");
        }
    }
    if (!named) raise_error(lua, "ERR redis.register_function must get a function name argument");
    if (lua_isnil(lua, 2)) raise_error(lua, "ERR redis.register_function must get a callback argument");
    lua_settop(lua, 2);
}

// Whether no other library has the name of one of its functions.
Status Libraries::check_free(const Library& library, const Library* replaced) const {
    for (const auto& function : library.functions) {
        const auto found = functions_.find(function->name);
        if (found == functions_.end()) continue;
        const bool own =
            replaced != nullptr && std::any_of(replaced->functions.begin(), replaced->functions.end(),
                                               [&](const auto& old) { return old.get() == found->second; });
        if (!own) return quoting("Function ", function->name, " already exists");
    }
    return {};
}

void Libraries::put(std::unique_ptr<Library> library) {
    for (const auto& function : library->functions) functions_.emplace(function->name, function.get());
    libraries_.insert_or_assign(library->name, std::move(library));
}

void Libraries::release(Library& library) {
    for (const auto& function : library.functions) vm_->release(function->handle);
}

void Libraries::drop(Library& library) {
    for (const auto& function : library.functions) functions_.erase(function->name);
    release(library);
}

Result<std::string> Libraries::load(Bytes code, bool replace) {
    KEEL_TRY(const Metadata metadata, read_metadata(code));
    const auto old = libraries_.find(metadata.name);
    Library* const replaced = old == libraries_.end() ? nullptr : old->second.get();
    if (replaced != nullptr && !replace) return quoting("Library '", metadata.name, "' already exists");
    KEEL_TRY(auto library, build(code));
    if (const Status free = check_free(*library, replaced); !free) {
        release(*library);
        return free.error();
    }
    if (replaced != nullptr) drop(*replaced);
    put(std::move(library));
    return metadata.name;
}

Status Libraries::remove(Bytes name) {
    const auto found = libraries_.find(name);
    if (found == libraries_.end()) return kNoLibrary;
    drop(*found->second);
    libraries_.erase(found);
    return {};
}

// ---- Dump and restore ----

std::string Libraries::dump() const {
    std::vector<Bytes> codes;
    for (const auto& [name, library] : libraries_) codes.push_back(library->code);
    return dump_libraries(codes);
}

namespace {

// The first library of a payload that has a name, or a function's, of another one before it.
Status check_apart(const Library& one, std::span<const std::unique_ptr<Library>> others) {
    for (const auto& other : others) {
        if (other->name == one.name) return quoting("Library ", one.name, " already exists");
        for (const auto& function : one.functions) {
            for (const auto& taken : other->functions) {
                if (equal_nocase(taken->name, function->name))
                    return quoting("Function ", function->name, " already exists");
            }
        }
    }
    return {};
}

}  // namespace

// All of them, or none.
Result<std::vector<std::unique_ptr<Library>>> Libraries::build_all(std::span<const std::string> codes, bool replace) {
    std::vector<std::unique_ptr<Library>> built;
    const auto give_up = [&](Error why) {
        for (const auto& library : built) release(*library);
        return why;
    };
    for (const std::string& code : codes) {
        auto library = build(code);
        if (!library) return give_up(std::move(library).error());
        const auto old = libraries_.find((*library)->name);
        Status status = check_apart(**library, built);
        if (status && old != libraries_.end() && !replace)
            status = quoting("Library ", (*library)->name, " already exists");
        if (status) status = check_free(**library, old == libraries_.end() ? nullptr : old->second.get());
        built.push_back(*std::move(library));
        if (!status) return give_up(std::move(status).error());
    }
    return built;
}

Status Libraries::restore(Bytes payload, RestoreMode mode, std::shared_ptr<void>& old) {
    KEEL_TRY(const std::vector<std::string> codes, read_libraries(payload));
    if (mode != RestoreMode::flush) return restore_all(codes, mode == RestoreMode::replace);
    // Beside what is there, which comes back if the payload cannot be loaded.
    Contents before = exchange({open_vm(runner_, unsafe_functions_), {}, {}});
    const Status restored = restore_all(codes, false);
    if (!restored) before = exchange(std::move(before));
    old = std::make_shared<Contents>(std::move(before));
    return restored;
}

Status Libraries::restore_all(std::span<const std::string> codes, bool replace) {
    KEEL_TRY(auto built, build_all(codes, replace));
    for (auto& library : built) {
        if (const auto known = libraries_.find(library->name); known != libraries_.end()) drop(*known->second);
        put(std::move(library));
    }
    return {};
}

// ---- Looking ----

const Function* Libraries::find(Bytes name) const {
    const auto found = functions_.find(name);
    return found == functions_.end() ? nullptr : found->second;
}

Program Libraries::program(const Function& function) const {
    return {vm_.get(), function.handle, function.flags, function.name, true};
}

std::size_t Libraries::code_bytes() const {
    std::size_t bytes = 0;
    for (const auto& [name, library] : libraries_) bytes += library->code.size() + sizeof(Library);
    return bytes;
}

}  // namespace keel::script
