/*
 * Whether the broker lives in this process' IPC namespace. Elsewhere its ids mean
 * nothing, or, worse, something else.
 */
#pragma once

struct shmb;

/* Before any shmat(2) or shmctl(2) of our own, and after connect_notice_fork(). Asks once
 * per connection and process. -EXDEV, or what a call returns. */
int namespace_check(struct shmb *b);
