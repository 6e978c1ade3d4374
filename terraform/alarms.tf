# Alarms, and the dashboard to look at when one rings.

locals {
  pause_seconds = var.trigger == "queue" ? 60 : var.longest_pause_seconds

  # A queue that is emptied once a day is no alarm within the day.
  patience_seconds = max(3600, 3 * local.pause_seconds)

  # A period that has a run in it, so that a run that fails is followed by a
  # period in which the next one may. A day is CloudWatch's longest.
  period_seconds = min(86400, max(300, 60 * ceil(local.pause_seconds / 60)))
  twice          = local.pause_seconds > 86400 ? 1 : 2
  window_seconds = local.pause_seconds > 3600 ? 86400 : 3600

  # The function keeps a tenth of its time, five seconds at most, for
  # acknowledging, and with much to do it uses all the rest: that is no alarm.
  # Half of the reserve is.
  duration_limit_ms = 1000 * var.timeout_seconds - min(50 * var.timeout_seconds, 2500)

  queue        = { QueueName = var.queue_name }
  dead_letters = { QueueName = var.dead_letter_queue_name }

  # Only what runs as production: the probe of a version that isn't used yet
  # may fail.
  production = { FunctionName = var.function_name, Resource = "${var.function_name}:${local.alias_name}" }

  topics = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]

  # The function's own metrics (internal/emf); there with enable_metrics only.
  own       = "AthenaPartitionRefresh"
  own_queue = { Queue = var.queue_name }

  # What retrying alone won't mend. A reason that never occurs has no metric,
  # and its alarm stays quiet.
  failures = {
    table_missing    = "Objects wait for a table that isn't there"
    database_missing = "Objects wait for a database that isn't there"
    access_denied    = "Objects wait for a right that the function lacks: athena-refresh doctor says which"
    catalog_error    = "The catalog refuses what the function asks for, or fails"
  }

  alarms = merge({
    dead_letters = {
      says      = "Messages are in the dead-letter queue: athena-refresh parked sample says why"
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = local.dead_letters
      statistic = "Maximum", above = 0, period = 300, of = 1, m = 1
    }
    age = {
      says      = "The oldest message waits for longer than three runs should let it"
      namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = local.queue
      statistic = "Maximum", above = local.patience_seconds, period = 300, of = 3, m = 3
    }
    in_flight = {
      says      = "Half of what SQS allows is in flight; at 120,000 nothing more is handed out"
      namespace = "AWS/SQS", metric = "ApproximateNumberOfMessagesNotVisible", dimensions = local.queue
      statistic = "Maximum", above = 60000, period = 300, of = 1, m = 1
    }
    errors = {
      says      = "The function failed or was killed"
      namespace = "AWS/Lambda", metric = "Errors", dimensions = local.production
      statistic = "Sum", above = 0, period = local.period_seconds, of = 3, m = local.twice
    }
    throttles = {
      says      = "The function could not start: the account runs as many as it may"
      namespace = "AWS/Lambda", metric = "Throttles", dimensions = local.production
      statistic = "Sum", above = 0, period = local.period_seconds, of = 3, m = local.twice
    }
    duration = {
      says      = "The function nearly ran into its timeout"
      namespace = "AWS/Lambda", metric = "Duration", dimensions = local.production
      statistic = "Maximum", above = local.duration_limit_ms, period = local.period_seconds, of = 3, m = local.twice
    }
    }, { for name, alarm in merge({
      # SQS's own age leaves out a message that was handed out three times; this
      # one doesn't.
      oldest = {
        says      = "A message is tried again and again for longer than three runs should let it"
        namespace = local.own, metric = "OldestMessageAge", dimensions = local.own_queue
        statistic = "Maximum", above = local.patience_seconds, period = local.period_seconds, of = 3, m = local.twice
      }
      latency = {
        says      = "What landed can be searched only later than three runs should let it"
        namespace = local.own, metric = "EventToSearchableMs", dimensions = local.own_queue
        statistic = "p99", above = 1000 * local.patience_seconds, period = local.period_seconds, of = 3, m = local.twice
      }
      }, { for reason, says in local.failures : reason => {
        says      = says
        namespace = local.own, metric = "Records_${reason}", dimensions = local.own_queue
        statistic = "Sum", above = 0, period = local.period_seconds, of = 3, m = local.twice
      }
  }) : name => alarm if var.enable_metrics })
}

resource "aws_cloudwatch_metric_alarm" "of" {
  for_each            = local.alarms
  alarm_name          = "${var.function_name}_${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  period              = each.value.period
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  evaluation_periods  = each.value.of
  datapoints_to_alarm = each.value.m
  treat_missing_data  = "notBreaching" # a queue at rest has no metrics
  alarm_actions       = local.topics
  ok_actions          = local.topics
  tags                = var.tags
}

# Sent, received and deleted go up side by side. That deleted stays far behind
# is seen here long before a message is old; the counts include retries, and
# the newest point often comes late, so it takes two windows of three.
resource "aws_cloudwatch_metric_alarm" "behind" {
  alarm_name          = "${var.function_name}_behind"
  alarm_description   = "Less than half of what is sent to the queue is deleted: the function doesn't keep up"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.topics
  ok_actions          = local.topics
  tags                = var.tags

  metric_query {
    id          = "behind"
    label       = "Sent far above deleted"
    expression  = "IF(FILL(sent, 0) > 100 AND FILL(deleted, 0) < 0.5 * FILL(sent, 0), 1, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { sent = "NumberOfMessagesSent", deleted = "NumberOfMessagesDeleted" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/SQS"
        metric_name = metric_query.value
        dimensions  = local.queue
        period      = local.window_seconds
        stat        = "Sum"
      }
    }
  }
}
