// SPDX-License-Identifier: BSD-3-Clause
//
// Chance is handed in: tests fix the seed, the server seeds from the kernel.
// The generator is xoshiro256** by Blackman and Vigna (public domain): fast, equally spread, not for secrets.
// Secrets (ACL GENPASS, the hash secret, run ids) come from fill_secret().
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string>

namespace keel {

class Random {
  public:
    explicit Random(std::uint64_t seed) noexcept {
        for (auto& word : state_) {  // splitmix64, as the authors advise
            seed += 0x9e3779b97f4a7c15ULL;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
            word = z ^ (z >> 31);
        }
    }

    std::uint64_t next() noexcept {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    // Evenly from [0, bound); bound > 0. (Lemire's method, without the modulo.)
    std::uint64_t below(std::uint64_t bound) noexcept {
        __extension__ using Wide = unsigned __int128;
        Wide m = Wide{next()} * bound;
        if (static_cast<std::uint64_t>(m) < bound) {
            const std::uint64_t floor = (0 - bound) % bound;
            while (static_cast<std::uint64_t>(m) < floor) m = Wide{next()} * bound;
        }
        return static_cast<std::uint64_t>(m >> 64);
    }

    // Evenly from [0, 1).
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }

  private:
    std::array<std::uint64_t, 4> state_{};
};

// Bytes from the kernel's generator: for what must not be guessed.
void fill_secret(std::span<std::uint8_t> out);

// `characters` random lower-case hex digits from the kernel's generator (run ids, replication ids).
std::string secret_hex(std::size_t characters);

}  // namespace keel
