# Alarms, of what metrics.tf.json lists; its limits are named here. A reason that
# never occurs has no metric, and its alarm stays quiet.

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

  # What a metric is about: its dimensions. Of the function only what runs as
  # production: the probe of a version that isn't used yet may fail. The last is
  # of the function's own metrics, there with enable_metrics only.
  things = {
    queue        = { QueueName = var.queue_name }
    dead_letters = { QueueName = var.dead_letter_queue_name }
    function     = { FunctionName = var.function_name, Resource = "${var.function_name}:${local.alias_name}" }
    ddl          = { QueryState = "SUCCEEDED", QueryType = "DDL", WorkGroup = var.workgroup_name }
    own_queue    = { Queue = var.queue_name }
  }

  topics = var.alarm_topic_arn == null ? [] : [var.alarm_topic_arn]
  alarms = { for name, alarm in local.listed_alarms : name => alarm if alarm.about != "own_queue" || var.enable_metrics }
}

resource "aws_cloudwatch_metric_alarm" "of" {
  for_each            = local.alarms
  alarm_name          = "${var.function_name}_${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = local.things[each.value.about]
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
  alarm_description   = local.listed_behind.says
  comparison_operator = "GreaterThanThreshold"
  threshold           = local.listed_behind.above
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.topics
  ok_actions          = local.topics
  tags                = var.tags

  metric_query {
    id          = "behind"
    label       = "Sent far above deleted"
    expression  = local.listed_behind.expression
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.listed_behind.operands

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = local.things[metric_query.value.about]
        period      = local.window_seconds
        stat        = "Sum"
      }
    }
  }
}
