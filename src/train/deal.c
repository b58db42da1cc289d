/* deal.c - samples of a program that its ranks hold: everyone says how many it has. Where they are
 * not where they belong, each goes to its rank as a record (its number, its inputs, its targets,
 * its weight where there are weights), and finds its place there. Begin with ls_deal_out. */
#include "train/deal.h"

#include <string.h>

#include "base/mem.h"

/* What ranks tell of themselves. */
typedef struct {
  int64_t rows, rank; /* rank: in the other program's communicator */
  int64_t type, weighted;
} told;

struct ls_deal {
  ls_comm *comm;
  int64_t inputs, targets;
  told *told;                /* (ranks) */
  int64_t *count[2], *at;    /* (ranks) records that are sent and that come; where they begin */
  char *sent, *got, *sorted; /* records; x and y in order */
  size_t room[3];            /* bytes of these */
  bool *there;               /* (share) has the sample come? */
  int64_t share;
  /* Of the last count: samples of ranks before this one's, and all; and have they weights? */
  int64_t before, total;
  bool weighted;
};

ls_status ls_deal_new(ls_comm *comm, int64_t inputs, int64_t targets, ls_deal **out) {
  const int ranks = ls_comm_size(comm);
  ls_deal *d;
  LS_NEW(d, 1);
  *out = d;
  *d = (ls_deal){.comm = comm, .inputs = inputs, .targets = targets};
  LS_NEW(d->told, ranks);
  LS_NEW(d->count[0], ranks);
  LS_NEW(d->count[1], ranks);
  LS_NEW(d->at, ranks + 1);
  return LS_OK;
}

void ls_deal_free(ls_deal **out) {
  ls_deal *d = *out;
  if (!d) return;
  void *block[] = {d->told, d->count[0], d->count[1], d->at, d->sent, d->got, d->sorted, d->there};
  for (size_t i = 0; i < sizeof block / sizeof *block; i++) ls_mem_free(block[i]);
  LS_FREE(*out);
}

static ls_status check_hand(const ls_hand *hand) {
  if (hand->rows < 0)
    return ls_fail(
        LS_EUSAGE,
        "%jd samples: there cannot be fewer than 0 (lockstep.f90 and lockstep.py give -1 "
        "for arrays that do not fit, and say on that rank what is wrong with them)",
        hand->rows);
  if (hand->rows > 0 && (!hand->x || !hand->y))
    return ls_fail(LS_EUSAGE, "%jd samples, and %s is NULL", hand->rows, hand->x ? "y" : "x");
  return LS_OK;
}

/* Every rank comes to the same verdict. */
static ls_status check_types(const ls_deal *d) {
  for (int r = 1; r < ls_comm_size(d->comm); r++)
    if (d->told[r].type != d->told[0].type)
      return ls_fail(LS_EUSAGE, "samples are floats on one rank and doubles on another");
  return LS_OK;
}

ls_status ls_deal_count(ls_deal *d, const ls_hand *hand, int64_t *total, bool *weighted) {
  const told own = {hand->rows, ls_comm_caller_rank(d->comm), hand->type, hand->weight != NULL};
  LS_TRY(ls_comm_agree(d->comm, check_hand(hand)));
  ls_comm_allgather(d->comm, &own, d->told, sizeof own);
  d->before = d->total = 0;
  d->weighted = false;
  for (int r = 0; r < ls_comm_size(d->comm); r++) {
    d->total += d->told[r].rows;
    if (d->told[r].rank < own.rank) d->before += d->told[r].rows;
    d->weighted = d->weighted || d->told[r].weighted;
  }
  *total = d->total;
  *weighted = d->weighted;
  return check_types(d);
}

static int64_t number_of(const ls_deal *d, const ls_hand *hand, int64_t k) {
  return hand->number ? hand->number[k] : d->before + k;
}

/* Whose sample `number` is; -1: nobody's. */
static int owner(const ls_deal *d, const int64_t *first, int64_t number) {
  int lo = 0, hi = ls_comm_size(d->comm);
  if (number < 0 || number >= first[hi]) return -1;
  while (hi - lo > 1) {
    const int middle = (lo + hi) / 2;
    if (first[middle] <= number)
      lo = middle;
    else
      hi = middle;
  }
  return lo;
}

static bool in_place(const ls_deal *d, const ls_hand *hand, const int64_t *first) {
  const int me = ls_comm_rank(d->comm);
  bool same = hand->rows == first[me + 1] - first[me];
  for (int64_t k = 0; k < hand->rows && same; k++) same = number_of(d, hand, k) == first[me] + k;
  return same;
}

static ls_status make_room(void **block, size_t *room, size_t bytes) {
  if (bytes <= *room) return LS_OK;
  *room = 0;
  LS_FREE(*block);
  LS_TRY(ls_mem_new(block, bytes, 1));
  *room = bytes;
  return LS_OK;
}

/* ---- records ---- */

static int64_t numbers_of(const ls_deal *d) { return d->inputs + d->targets + d->weighted; }

static size_t record_size(const ls_deal *d, ls_dtype type) {
  return sizeof(int64_t) + (size_t)numbers_of(d) * ls_dtype_size(type);
}

static void write_record(const ls_deal *d, const ls_hand *hand, int64_t k, char *to) {
  const int64_t number = number_of(d, hand, k);
  const size_t size = ls_dtype_size(hand->type), x = (size_t)d->inputs * size,
               y = (size_t)d->targets * size;
  memcpy(to, &number, sizeof number);
  memcpy(to + sizeof number, (const char *)hand->x + (size_t)k * x, x);
  memcpy(to + sizeof number + x, (const char *)hand->y + (size_t)k * y, y);
  if (d->weighted)
    ls_dtype_put(hand->type, to + sizeof number + x + y, 0,
                 hand->weight ? ls_dtype_get(hand->type, hand->weight, k) : 1);
}

static ls_status pack(ls_deal *d, const ls_hand *hand, const int64_t *first) {
  const int ranks = ls_comm_size(d->comm);
  const size_t size = record_size(d, hand->type);
  LS_TRY(make_room((void **)&d->sent, &d->room[0], (size_t)hand->rows * size + 1));
  memset(d->count[0], 0, (size_t)ranks * sizeof *d->count[0]);
  for (int64_t k = 0; k < hand->rows; k++) {
    const int to = owner(d, first, number_of(d, hand, k));
    if (to < 0)
      return ls_fail(LS_EUSAGE, "sample number %jd: %jd samples are numbered 0 to %jd",
                     number_of(d, hand, k), d->total, d->total - 1);
    d->count[0][to]++;
  }
  d->at[0] = 0;
  for (int r = 0; r < ranks; r++) d->at[r + 1] = d->at[r] + d->count[0][r];
  for (int64_t k = 0; k < hand->rows; k++) {
    const int to = owner(d, first, number_of(d, hand, k));
    write_record(d, hand, k, d->sent + (size_t)d->at[to]++ * size);
  }
  return LS_OK;
}

/* How many come from each rank: what it says of all of us. */
static ls_status exchange_counts(ls_deal *d) {
  const int ranks = ls_comm_size(d->comm);
  int64_t *one;
  LS_COMM_NEW(d->comm, one, ranks);
  for (int r = 0; r < ranks; r++) one[r] = 1;
  ls_status status =
      ls_comm_alltoall(d->comm, d->count[0], one, d->count[1], one, sizeof *d->count[0]);
  LS_FREE(one);
  return status;
}

static ls_status make_place(ls_deal *d, const ls_hand *hand, int64_t share) {
  int64_t rows = 0;
  for (int r = 0; r < ls_comm_size(d->comm); r++) rows += d->count[1][r];
  if (rows != share) return ls_fail(LS_EUSAGE, "samples are not numbered 0, 1, 2 ..., each once");
  const size_t size = record_size(d, hand->type), bytes = (size_t)share * size + 1;
  LS_TRY(make_room((void **)&d->got, &d->room[1], bytes));
  LS_TRY(make_room((void **)&d->sorted, &d->room[2], bytes));
  if (share <= d->share) return LS_OK;
  LS_FREE(d->there);
  d->share = 0;
  LS_NEW(d->there, share);
  d->share = share;
  return LS_OK;
}

static ls_status sort(ls_deal *d, const ls_hand *hand, int64_t first, int64_t share) {
  const size_t size = ls_dtype_size(hand->type), x = (size_t)d->inputs * size,
               y = (size_t)d->targets * size, record = record_size(d, hand->type);
  char *to_x = d->sorted, *to_y = to_x + (size_t)share * x, *to_weight = to_y + (size_t)share * y;
  if (share > 0) memset(d->there, 0, (size_t)share * sizeof *d->there);
  for (int64_t k = 0; k < share; k++) {
    const char *from = d->got + (size_t)k * record;
    int64_t number;
    memcpy(&number, from, sizeof number);
    number -= first;
    if (d->there[number])
      return ls_fail(LS_EUSAGE, "two samples have the number %jd", first + number);
    d->there[number] = true;
    memcpy(to_x + (size_t)number * x, from + sizeof number, x);
    memcpy(to_y + (size_t)number * y, from + sizeof number + x, y);
    if (d->weighted) memcpy(to_weight + (size_t)number * size, from + sizeof number + x + y, size);
  }
  return LS_OK;
}

ls_status ls_deal_out(ls_deal *d, const ls_hand *hand, const int64_t *first, ls_hand *own) {
  const int me = ls_comm_rank(d->comm);
  const int64_t share = first[me + 1] - first[me];
  const size_t size = ls_dtype_size(hand->type);
  *own = *hand;
  if (!ls_comm_or(d->comm, in_place(d, hand, first) ? 0 : 1)) return LS_OK;
  LS_TRY(ls_comm_agree(d->comm, pack(d, hand, first)));
  LS_TRY(exchange_counts(d));
  LS_TRY(ls_comm_agree(d->comm, make_place(d, hand, share)));
  LS_TRY(ls_comm_alltoall(d->comm, d->sent, d->count[0], d->got, d->count[1],
                          record_size(d, hand->type)));
  LS_TRY(ls_comm_agree(d->comm, sort(d, hand, first[me], share)));
  own->rows = share;
  own->x = d->sorted;
  own->y = d->sorted + (size_t)(share * d->inputs) * size;
  own->weight = d->weighted ? d->sorted + (size_t)(share * (d->inputs + d->targets)) * size : NULL;
  return LS_OK;
}
