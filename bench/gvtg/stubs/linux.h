// What GVT-g takes from the kernel, for a program of user space: written anew, as small as it can
// be and never slower than the kernel's, so that the yardstick is the kinder one.
//
// Not here on purpose: locks do nothing (one thread), messages are dropped, reference counts are
// plain numbers, DMA addresses are physical addresses. Names and meaning: linux v6.1,
// include/linux.
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_DRM_I915_GVT 1

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int32_t s32;
typedef u8 __u8;
typedef u32 __u32;
typedef u64 __u64;
typedef unsigned gfp_t;
typedef unsigned long dma_addr_t;
typedef u64 phys_addr_t;
typedef long ssize_t;

#define __iomem
#define __rcu
#define __user
#define __packed __attribute__((packed))
#define __maybe_unused __attribute__((unused))
#define fallthrough __attribute__((fallthrough))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define U32_MAX 0xffffffffu
#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
#define PAGE_MASK (~(PAGE_SIZE - 1))
// Bits of an entry of a page table. Source: arch/x86/include/asm/pgtable_types.h
#define _PAGE_DIRTY 0x40ul
#define _PAGE_PSE 0x80ul
#define _PAGE_PAT 0x80ul
#define _PAGE_PAT_LARGE 0x1000ul
#define PCI_CFG_SPACE_EXP_SIZE 4096
#define PCI_BASE_ADDRESS_MEM_MASK (~0x0full)
#define MSEC_PER_SEC 1000ul

// --- numbers ---

#define BIT(n) (1ul << (n))
#define BIT_ULL(n) (1ull << (n))
#define BITS_PER_LONG 64
#define GENMASK(high, low) ((~0ul << (low)) & (~0ul >> (63 - (high))))
#define GENMASK_ULL(high, low) ((~0ull << (low)) & (~0ull >> (63 - (high))))
#define __bf_shf(mask) (__builtin_ffsll(mask) - 1)
#define FIELD_GET(mask, value) (((value) & (mask)) >> __bf_shf(mask))
#define FIELD_PREP(mask, value) (((value) << __bf_shf(mask)) & (mask))
#define BUILD_BUG_ON_MSG(condition, message) ((void)0)
#define BUILD_BUG_ON_ZERO(condition) ((int)sizeof(struct { int : (-!!(condition)); }))
#define __is_constexpr(x) (sizeof(int) == sizeof(*(8 ? ((void*)((long)(x)*0l)) : (int*)8)))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)
#define round_up(x, y) ((((x)-1) | ((__typeof__(x))(y)-1)) + 1)
#define roundup(x, y) ((((x) + ((y)-1)) / (y)) * (y))
#define rounddown(x, y) ((x) - (x) % (y))
#define DIV_ROUND_CLOSEST(x, d) (((x) + (d) / 2) / (d))
#define DIV_ROUND_CLOSEST_ULL(x, d) DIV_ROUND_CLOSEST((u64)(x), (d))
#define DIV64_U64_ROUND_CLOSEST(x, d) DIV_ROUND_CLOSEST((u64)(x), (d))
#define div_u64(x, d) ((u64)(x) / (d))
#define mul_u32_u32(a, b) ((u64)(a) * (b))
#define mul_u64_u32_shr(a, mul, shift) (((u64)(a) * (mul)) >> (shift))
#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))
#define min_t(type, a, b) ((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define array_size(a, b) ((size_t)(a) * (b))
#define sign_extend64(value, index) ((long long)((u64)(value) << (63 - (index))) >> (63 - (index)))
#define set_mask_bits(p, mask, bits) (*(p) = (*(p) & ~(mask)) | (bits))

// --- bitmaps ---

#define BITS_TO_LONGS(n) (((n) + 63) / 64)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

static inline void set_bit(unsigned long bit, volatile unsigned long* map) {
  map[bit / 64] |= 1ul << (bit % 64);
}
static inline void clear_bit(unsigned long bit, volatile unsigned long* map) {
  map[bit / 64] &= ~(1ul << (bit % 64));
}
static inline bool test_bit(unsigned long bit, const volatile unsigned long* map) {
  return (map[bit / 64] >> (bit % 64)) & 1;
}
static inline bool test_and_clear_bit(unsigned long bit, volatile unsigned long* map) {
  const bool was = test_bit(bit, map);
  clear_bit(bit, map);
  return was;
}
#define for_each_set_bit(bit, map, size)   \
  for ((bit) = 0; (bit) < (size); ++(bit)) \
    if (test_bit((bit), (map)))

// --- messages and warnings ---

#define EXPORT_SYMBOL_NS_GPL(symbol, space) struct gvtg_exports_nothing

#define pr_err(...) ((void)0)
#define pr_debug(...) ((void)0)
#define dev_warn(...) ((void)0)
#define WARN(condition, ...) (unlikely(!!(condition)))
#define WARN_ON(condition) (unlikely(!!(condition)))
#define WARN_ON_ONCE(condition) (unlikely(!!(condition)))
#define drm_WARN(drm, condition, ...) ((void)(drm), unlikely(!!(condition)))
#define drm_WARN_ON(drm, condition) ((void)(drm), unlikely(!!(condition)))
#define drm_WARN_ONCE(drm, condition, ...) ((void)(drm), unlikely(!!(condition)))
#define drm_dbg_kms(...) ((void)0)

void gvtg_bug(const char* what) __attribute__((noreturn, cold));
#define BUG_ON(condition)                          \
  do {                                             \
    if (unlikely(condition)) gvtg_bug(#condition); \
  } while (0)

// --- memory ---

#define GFP_KERNEL 0u
#define __GFP_ZERO 0u
#define IS_ERR(p) ((unsigned long)(p) >= (unsigned long)-4095)
#define IS_ERR_OR_NULL(p) (!(p) || IS_ERR(p))
#define PTR_ERR(p) ((long)(p))
#define ERR_PTR(error) ((void*)(long)(error))
#define PTR_ERR_OR_ZERO(p) (IS_ERR(p) ? (int)PTR_ERR(p) : 0)

#define kzalloc(size, flags) calloc(1, (size))
#define kcalloc(count, size, flags) calloc((count), (size))
#define krealloc(p, size, flags) realloc((p), (size))
#define kfree(p) free((void*)(p))
#define vzalloc(size) calloc(1, (size))
#define vfree(p) free(p)

struct page {
  u8 bytes[4096];
} __attribute__((aligned(4096)));
struct page* alloc_page(gfp_t flags);  // zeroed
void __free_page(struct page* page);
#define free_page(address) __free_page((struct page*)(address))
#define get_zeroed_page(flags) ((unsigned long)alloc_page(flags))
#define clear_page(address) memset((address), 0, PAGE_SIZE)
#define page_address(page) ((void*)(page))
#define virt_to_page(address) ((struct page*)(address))

struct device;
#define DMA_BIDIRECTIONAL 0
dma_addr_t dma_map_page(struct device* device, struct page* page, size_t offset, size_t size,
                        int direction);
#define dma_mapping_error(device, address) ((void)(device), (void)(address), 0)
#define dma_unmap_page(device, address, size, direction) ((void)(device))
static inline u64 readq(const void* address) {
  return *(const volatile u64*)address;
}
static inline void writeq(u64 value, void* address) {
  *(volatile u64*)address = value;
}

// --- counts and locks, for one thread ---

typedef struct {
  int counter;
} atomic_t;
#define atomic_set(a, value) ((a)->counter = (value))
#define atomic_read(a) ((a)->counter)
#define atomic_inc(a) ((void)++(a)->counter)
#define atomic_dec(a) ((void)--(a)->counter)
#define atomic_dec_return(a) (--(a)->counter)
#define atomic_dec_if_positive(a) ((a)->counter > 0 ? --(a)->counter : -1)

struct kref {
  int count;
};
#define kref_init(k) ((void)((k)->count = 1))
#define kref_get(k) ((void)++(k)->count)
static inline void kref_put(struct kref* k, void (*release)(struct kref*)) {
  if (--k->count == 0) release(k);
}

struct mutex {
  int unused;
};
typedef struct mutex spinlock_t;
typedef struct mutex wait_queue_head_t;
#define mutex_init(m) ((void)(m))
#define mutex_lock(m) ((void)(m))
#define mutex_unlock(m) ((void)(m))
#define wake_up(queue) ((void)(queue))
#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)
#define srcu_read_lock(s) ((void)(s), 0)
#define srcu_read_unlock(s, index) ((void)(s), (void)(index))

// --- lists ---

#define container_of(pointer, type, member) ((type*)((char*)(pointer)-offsetof(type, member)))

struct list_head {
  struct list_head *next, *prev;
};
#define LIST_HEAD(name) struct list_head name = {&(name), &(name)}
static inline void INIT_LIST_HEAD(struct list_head* head) {
  head->next = head->prev = head;
}
static inline void list_add_tail(struct list_head* node, struct list_head* head) {
  node->prev = head->prev;
  node->next = head;
  head->prev->next = node;
  head->prev = node;
}
static inline void list_add(struct list_head* node, struct list_head* head) {
  list_add_tail(node, head->next);
}
static inline void list_del(struct list_head* node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
}
static inline void list_del_init(struct list_head* node) {
  list_del(node);
  INIT_LIST_HEAD(node);
}
static inline void list_move(struct list_head* node, struct list_head* head) {
  list_del(node);
  list_add(node, head);
}
static inline void list_move_tail(struct list_head* node, struct list_head* head) {
  list_del(node);
  list_add_tail(node, head);
}
static inline bool list_empty(const struct list_head* head) {
  return head->next == head;
}
#define list_entry(pointer, type, member) container_of(pointer, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_for_each(at, head) for (at = (head)->next; at != (head); at = at->next)
#define list_for_each_safe(at, behind, head) \
  for (at = (head)->next, behind = at->next; at != (head); at = behind, behind = at->next)
#define list_for_each_entry(at, head, member)                                         \
  for (at = list_entry((head)->next, __typeof__(*at), member); &at->member != (head); \
       at = list_entry(at->member.next, __typeof__(*at), member))
#define list_for_each_entry_safe(at, behind, head, member)           \
  for (at = list_entry((head)->next, __typeof__(*at), member),       \
      behind = list_entry(at->member.next, __typeof__(*at), member); \
       &at->member != (head);                                        \
       at = behind, behind = list_entry(at->member.next, __typeof__(*at), member))

struct hlist_node {
  struct hlist_node* next;
};
struct hlist_head {
  struct hlist_node* first;
};
#define INIT_HLIST_NODE(node) ((void)((node)->next = NULL))
#define hlist_entry_or_null(pointer, type, member) \
  ((pointer) ? container_of((pointer), type, member) : NULL)
#define hlist_for_each_entry(at, head, member)                               \
  for (at = hlist_entry_or_null((head)->first, __typeof__(*at), member); at; \
       at = hlist_entry_or_null(at->member.next, __typeof__(*at), member))

// --- hash tables; the hash is the kernel's, so that chains are as long as there ---

#define DECLARE_HASHTABLE(name, bits) struct hlist_head name[1 << (bits)]
#define HASH_BITS(table) ((unsigned)__builtin_ctzll(ARRAY_SIZE(table)))
static inline u32 hash_32(u32 value, unsigned bits) {
  return (value * 0x61C88647u) >> (32 - bits);
}
#define hash_init(table) memset((table), 0, sizeof(table))
#define hash_add(table, node, key)                                              \
  do {                                                                          \
    struct hlist_head* head_ = &(table)[hash_32((u32)(key), HASH_BITS(table))]; \
    (node)->next = head_->first;                                                \
    head_->first = (node);                                                      \
  } while (0)
#define hash_for_each_possible(table, at, member, key) \
  hlist_for_each_entry(at, &(table)[hash_32((u32)(key), HASH_BITS(table))], member)
#define hash_for_each(table, bucket, at, member)              \
  for (bucket = 0; bucket < (int)ARRAY_SIZE(table); ++bucket) \
  hlist_for_each_entry(at, &(table)[bucket], member)
#define hash_for_each_safe(table, bucket, behind, at, member)                      \
  for (bucket = 0; bucket < (int)ARRAY_SIZE(table); ++bucket)                      \
    for (at = hlist_entry_or_null((table)[bucket].first, __typeof__(*at), member); \
         at && (behind = at->member.next, 1);                                      \
         at = hlist_entry_or_null(behind, __typeof__(*at), member))

// --- radix tree: 64 slots a node, as the kernel's ---

#define RADIX_BITS 6
struct radix_node {
  void* slots[1 << RADIX_BITS];
};
struct radix_tree_root {
  struct radix_node* top;
  unsigned bits;  // of an index that the tree has room for
};
static inline void* radix_tree_lookup(const struct radix_tree_root* root, unsigned long index) {
  const struct radix_node* node = root->top;
  unsigned shift = root->bits;
  if (!node || (shift < 64 && index >> shift)) return NULL;
  while (node && (shift -= RADIX_BITS)) node = node->slots[(index >> shift) & 63];
  return node ? node->slots[index & 63] : NULL;
}
int radix_tree_insert(struct radix_tree_root* root, unsigned long index, void* item);
void* radix_tree_delete(struct radix_tree_root* root, unsigned long index);
void radix_tree_free(struct radix_tree_root* root);
#define INIT_RADIX_TREE(root, flags) ((void)((root)->top = NULL, (root)->bits = 0))
// Only asked to warn about what a destroyed vGPU leaves behind.
#define radix_tree_empty(root) ((void)(root), true)
struct radix_tree_iter {
  int unused;
};
#define radix_tree_for_each_slot(slot, root, iter, start) \
  for ((void)(root), (void)(iter), slot = NULL; slot;)
#define radix_tree_deref_slot(slot) (*(slot))

// --- what only has to have a size or a name ---

struct idr {
  int unused;
};
#define idr_for_each_entry(idr, entry, id) for ((void)(idr), (void)(id), entry = NULL; entry;)
struct rb_root {
  int unused;
};
struct hrtimer {
  int unused;
};
struct notifier_block {
  int unused;
};
struct kmem_cache;
struct eventfd_ctx;
struct task_struct;
struct dentry;
struct vfio_region;
