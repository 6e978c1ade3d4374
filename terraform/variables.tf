# What `athena-refresh lambda deploy` fills in from conf/. The defaults are
# those of conf/lambda.json.

variable "prefix" {
  description = "What the names of the schedules begin with; account.prefix of conf/global.json."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,25}[a-z0-9])?$", var.prefix))
    error_message = "The prefix is 1 to 27 of a-z, 0-9 and, inside, -."
  }
}

variable "account_id" {
  description = "The account that the resources are in. ARNs are made of it, so that policies are known before anything is created."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account id is 12 digits."
  }
}

variable "region" {
  description = "The region that the provider works in."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,4}(-[a-z]+){1,2}-[1-9][0-9]?$", var.region))
    error_message = "A region is such as us-east-1."
  }
}

variable "function_name" {
  description = "The function's name and that of its role."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "A function's name is 1 to 64 of A-Z, a-z, 0-9, - and _."
  }
}

variable "queue_name" {
  description = "The queue that S3 notifies."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", var.queue_name))
    error_message = "A queue's name is 1 to 80 of A-Z, a-z, 0-9, - and _."
  }
}

variable "dead_letter_queue_name" {
  description = "The queue for what can't be placed."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", var.dead_letter_queue_name))
    error_message = "A queue's name is 1 to 80 of A-Z, a-z, 0-9, - and _."
  }

  validation {
    condition     = var.dead_letter_queue_name != var.queue_name
    error_message = "A queue can't be its own dead-letter queue."
  }
}

variable "database_name" {
  description = "The database whose tables get partitions."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9_]{1,255}$", var.database_name))
    error_message = "A database's name is 1 to 255 of a-z, 0-9 and _."
  }
}

variable "workgroup_name" {
  description = "Athena's work group: for the function's statements, and for people's."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]{1,128}$", var.workgroup_name))
    error_message = "A work group's name is 1 to 128 of A-Z, a-z, 0-9, ., - and _."
  }
}

variable "results_bucket" {
  description = "The bucket for Athena's results. It belongs to the module, and what is in it expires; no bucket that feeds tables."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket))
    error_message = "A bucket's name is 3 to 63 of a-z, 0-9, - and ."
  }

  # Results in a bucket that notifies the queue would be notified, for ever.
  validation {
    condition     = !contains(var.data_buckets, var.results_bucket)
    error_message = "The results bucket may not be one of data_buckets."
  }
}

variable "data_buckets" {
  description = "The buckets whose objects are notified and feed tables."
  type        = list(string)

  validation {
    condition     = length(var.data_buckets) > 0 && length(distinct(var.data_buckets)) == length(var.data_buckets)
    error_message = "Name one bucket or more, each once."
  }

  validation {
    condition     = alltrue([for b in var.data_buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", b))])
    error_message = "A bucket's name is 3 to 63 of a-z, 0-9, - and ."
  }
}

variable "notify_from" {
  description = "Who else may send to the queue: ids of accounts, for those of data_buckets that are theirs; ARNs of SNS topics and of EventBridge rules."
  type        = list(string)
  default     = []

  validation {
    condition = alltrue([
      for f in var.notify_from : can(regex("^([0-9]{12}|arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\\.fifo)?|arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:rule/([A-Za-z0-9._/-]{1,256}/)?[A-Za-z0-9._-]{1,64})$", f))
    ])
    error_message = "Give ids of accounts, ARNs of SNS topics, or ARNs of EventBridge rules."
  }

  validation {
    condition     = length(distinct(var.notify_from)) == length(var.notify_from)
    error_message = "Name each once."
  }
}

variable "tables" {
  description = "The tables that get partitions. null: every table of the database, as a layout with {table} needs it; []: none."
  type        = list(string)
  default     = null

  validation {
    condition     = alltrue([for t in coalesce(var.tables, []) : can(regex("^[a-z0-9_]{1,255}$", t))])
    error_message = "A table's name is 1 to 255 of a-z, 0-9 and _."
  }
}

variable "trigger" {
  description = "What starts a refresh: \"schedule\" or \"queue\"."
  type        = string
  default     = "schedule"

  validation {
    condition     = contains(["schedule", "queue"], var.trigger)
    error_message = "The trigger is \"schedule\" or \"queue\"."
  }
}

variable "catalog" {
  description = "How partitions are added: \"athena\", by DDL, or \"glue\", by the Data Catalog's API."
  type        = string
  default     = "athena"

  validation {
    condition     = contains(["athena", "glue"], var.catalog)
    error_message = "The catalog is \"athena\" or \"glue\"."
  }
}

variable "enabled" {
  description = "false: nothing starts the function; messages wait in the queue, 14 days at most."
  type        = bool
  default     = true
}

variable "enable_metrics" {
  description = "Whether the function writes metrics of its own; there are alarms and charts for them then."
  type        = bool
  default     = false
}

variable "schedule_expression" {
  description = "When to refresh, with the trigger \"schedule\": EventBridge's rate(…) or cron(…)."
  type        = string
  default     = "rate(10 minutes)"

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.schedule_expression))
    error_message = "A schedule is rate(…) or cron(…)."
  }
}

variable "longest_pause_seconds" {
  description = "The longest time between two runs of schedule_expression. Alarms have to be more patient than that."
  type        = number
  default     = 600

  validation {
    condition     = var.longest_pause_seconds >= 1
    error_message = "The longest pause is a second or more."
  }
}

variable "reconcile_every" {
  description = "When to compare S3 with the catalog, as schedule_expression; null: only by hand."
  type        = string
  default     = null

  validation {
    condition     = var.reconcile_every == null ? true : can(regex("^(rate|cron)\\(.+\\)$", var.reconcile_every))
    error_message = "A schedule is rate(…) or cron(…)."
  }
}

variable "memory_mb" {
  description = "The function's memory."
  type        = number
  default     = 128

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240 && floor(var.memory_mb) == var.memory_mb
    error_message = "The memory is 128 to 10240 MB."
  }
}

variable "timeout_seconds" {
  description = "The longest an invocation may take. The queue hides a message six times as long."
  type        = number
  default     = 60

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "The timeout is 1 to 900 seconds."
  }
}

variable "architecture" {
  description = "What the package is built for: \"arm64\" or \"x86_64\"."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is \"arm64\" or \"x86_64\"."
  }
}

variable "package_file" {
  description = "The path of the function's zip: the executable bootstrap, and conf/."
  type        = string
}

variable "package_hash" {
  description = "The zip's SHA-256 in base64. A new one publishes a new version."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9+/]{43}=$", var.package_hash))
    error_message = "The hash is a SHA-256 in base64: 44 characters."
  }
}

variable "kms_key_arn" {
  description = "A customer managed key for the queues and the results; null: SQS's and S3's own. Its policy must let S3 use it: see the output kms_key_statements."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "Give the key's own ARN, no alias."
  }
}

variable "former_kms_key_arns" {
  description = "What kms_key_arn was before, if anything: the function may still decrypt with these, as messages that wait may be encrypted with one."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for k in var.former_kms_key_arns : can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", k))])
    error_message = "Give the keys' own ARNs, no aliases."
  }
}

variable "force_destroy_results" {
  description = "Whether a destroy, or another results_bucket, deletes the results too; false: it fails while there are any."
  type        = bool
  default     = false
}

variable "alarm_topic_arn" {
  description = "The SNS topic for the alarms; null: they are only seen."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic_arn == null ? true : can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.alarm_topic_arn))
    error_message = "Give the ARN of a standard SNS topic."
  }
}

variable "log_retention_days" {
  description = "How long the function's log is kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "tags" {
  description = "Tags of every resource that takes some."
  type        = map(string)
  default     = {}
}
