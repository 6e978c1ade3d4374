# AWS limits how long a policy may be, and a policy grows with the names that it
# lists. So it is written in several widths, the narrowest first, and the first
# that fits is used; what got wider is said by the plan and by the output
# widened. What doesn't fit in any width is refused before anything is changed.
#
# jsonencode writes no white space and every name is ASCII: length() counts what
# IAM and SQS count.

locals {
  # IAM: the inline policies of a role, all together, are 10,240 characters. A
  # tenth is left for what others give to the role.
  role_limit = 9216

  # SQS: a queue's policy is 8,192 bytes.
  queue_limit = 8192

  # A group is of buckets whose names begin with the same n characters; one that
  # is alone keeps its name.
  bucket_groups = [
    for n in range(47, 0, -1) : flatten([
      for start, names in { for b in var.data_buckets : substr(b, 0, n) => b... } : length(names) == 1 ? names : ["${start}*"]
    ])
  ]

  # Tables get wider before buckets do.
  all_tables = length(local.tables) == 0 ? [] : [local.any_table]
  widths = concat(
    [{ tables = local.tables, buckets = var.data_buckets }, { tables = local.all_tables, buckets = var.data_buckets }],
    [for names in local.bucket_groups : { tables = local.all_tables, buckets = names }],
  )

  role_fits  = [for i, p in local.role_policies : i if length(p) <= local.role_limit]
  queue_fits = [for i, p in local.queue_policies : i if length(p) <= local.queue_limit]

  role_index  = try(local.role_fits[0], length(local.role_policies) - 1)
  queue_index = try(local.queue_fits[0], length(local.queue_policies) - 1)

  role_policy  = local.role_policies[local.role_index]
  queue_policy = local.queue_policies[local.queue_index]
  width        = local.widths[local.role_index]

  widened = concat(
    length(setsubtract(local.width.tables, local.tables)) == 0 ? [] : [
      "tables: the names of ${length(local.tables)} tables don't fit in the role's policy: it may add partitions to every table of ${var.database_name}",
    ],
    length(setsubtract(local.width.buckets, var.data_buckets)) == 0 ? [] : [
      "buckets: the names of ${length(var.data_buckets)} buckets don't fit in the role's policy: it may list${local.athena ? " and read" : ""} ${join(", ", [for b in local.width.buckets : b if endswith(b, "*")])}",
    ],
    local.queue_index == 0 ? [] : [
      "queue: the names of ${length(var.data_buckets)} buckets don't fit in its policy: S3 may send to it for every bucket of ${join(", ", local.bucket_accounts)}",
    ],
  )
}

check "as_narrow_as_the_configuration" {
  assert {
    condition     = length(local.widened) == 0
    error_message = join("\n", local.widened)
  }
}
