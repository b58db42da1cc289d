/* net.h - a network for another part of the library. */
#ifndef LS_API_NET_H
#define LS_API_NET_H

#include "base/status.h"
#include "lockstep/lockstep.h"

/* Within a call: of a checkpoint's bytes. *out is to be freed in any case. */
ls_status ls_api_net_open(const char *name, const void *data, size_t bytes, lockstep_net **out);

#endif
