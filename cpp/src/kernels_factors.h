// How factors are read from entries and written to them. Included once per instruction path, inside
// that path's namespace.

// Eight values, or four and zeros.
template <class T>
PAIRLOOM_INLINE Vec8<T> load_block(const T* from, bool four) {
  return four ? load4(from) : load8(from);
}

template <class T>
PAIRLOOM_INLINE void store_block(T* to, Vec8<T> lanes, bool four) {
  if (four) {
    store4<T>(to, lanes);
  } else {
    store8<T>(to, lanes);
  }
}

template <class T>
struct WholeFactors {
  static constexpr FactorType kType = FactorType::kWhole;
  struct Rounding {};

  PAIRLOOM_INLINE void prefetch(const StepView<T>& /*view*/, uint32_t /*entry*/) {}
  PAIRLOOM_INLINE Rounding rounding(const StepView<T>& /*view*/, uint64_t /*key*/,
                                    uint32_t /*slot*/) {
    return {};
  }
  PAIRLOOM_INLINE void copy4(const T* cells, int factor, T* to) {
    std::memcpy(to, cells + factor, 4 * sizeof(T));
  }
  PAIRLOOM_INLINE Vec8<T> load(const T* cells, int factor, bool four) {
    return load_block<T>(cells + factor, four);
  }
  // Returns the lanes as they were stored.
  PAIRLOOM_INLINE Vec8<T> store(T* cells, int factor, Vec8<T> lanes, bool four, Rounding) {
    store_block<T>(cells + factor, lanes, four);
    return lanes;
  }
};

struct Bfloat16Factors {
  static constexpr FactorType kType = FactorType::kBfloat16;
  using Rounding = uint64_t;  // a position

  PAIRLOOM_INLINE void prefetch(const StepView<float>& view, uint32_t entry) {
    if (view.features != nullptr) {
      __builtin_prefetch(view.features + entry);
    }
  }
  PAIRLOOM_INLINE Rounding rounding(const StepView<float>& view, uint64_t key, uint32_t slot) {
    const uint32_t entry = view.batch->entries[slot];
    const bool is_padding = slot >= view.batch->num_slots;  // which has no feature
    return rounding_position(key,
                             view.features == nullptr || is_padding ? entry : view.features[entry]);
  }
  PAIRLOOM_INLINE void copy4(const float* cells, int factor, float* to) {
    store4<float>(to, load_bfloat16(cells, factor, true));
  }
  PAIRLOOM_INLINE Vec8<float> load(const float* cells, int factor, bool four) {
    return load_bfloat16(cells, factor, four);
  }
  PAIRLOOM_INLINE Vec8<float> store(float* cells, int factor, Vec8<float> lanes, bool four,
                                    Rounding rounding) {
    return store_bfloat16(cells, factor, lanes, four, rounding_bits(rounding, factor, four));
  }
};
