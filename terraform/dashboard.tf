locals {
  # A chart is { title, stat, metrics }, a row is of charts that share its
  # width. In the first row the three counts that have to go side by side.
  rows = concat(
    [
      [
        for name in ["NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"] :
        { title = name, stat = "Sum", metrics = [["AWS/SQS", name, "QueueName", var.queue_name]] }
      ],
      [
        {
          title = "Waiting and in flight", stat = "Maximum"
          metrics = [
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_name],
            ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", var.queue_name],
          ]
        },
        { title = "Age of the oldest message, seconds", stat = "Maximum", metrics = [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_name]] },
        { title = "Dead letters", stat = "Maximum", metrics = [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_queue_name]] },
      ],
      [
        {
          title = "Invocations", stat = "Sum"
          metrics = [
            for name in ["Invocations", "Errors", "Throttles"] :
            ["AWS/Lambda", name, "FunctionName", var.function_name, "Resource", "${var.function_name}:${local.alias_name}"]
          ]
        },
        {
          title   = "Duration, milliseconds", stat = "Maximum"
          metrics = [["AWS/Lambda", "Duration", "FunctionName", var.function_name, "Resource", "${var.function_name}:${local.alias_name}"]]
        },
        {
          title   = "Statements, milliseconds", stat = "Average"
          metrics = [["AWS/Athena", "TotalExecutionTime", "QueryState", "SUCCEEDED", "QueryType", "DDL", "WorkGroup", var.workgroup_name]]
        },
      ],
    ],
    [
      for row in [[
        {
          title = "From landed to searchable, milliseconds", stat = "p99"
          metrics = [
            [local.own, "EventToSearchableMs", "Queue", var.queue_name],
            [local.own, "EventToSearchableMs", "Queue", var.queue_name, { stat = "p50" }],
          ]
        },
        {
          title = "Messages by outcome", stat = "Sum"
          metrics = [
            for name in ["MessagesDone", "MessagesParked", "MessagesRetry"] : [local.own, name, "Queue", var.queue_name]
          ]
        },
        {
          title = "Partitions and calls", stat = "Sum"
          metrics = [
            for name in ["PartitionsAdded", "Statements", "Lookups", "Throttles"] : [local.own, name, "Queue", var.queue_name]
          ]
        },
      ]] : row if var.enable_metrics
    ],
  )

  widgets = flatten([
    for y, row in local.rows : [
      for x, chart in row : {
        type   = "metric"
        x      = x * 24 / length(row)
        y      = y * 6
        width  = 24 / length(row)
        height = 6
        properties = {
          title   = chart.title
          region  = var.region
          view    = "timeSeries"
          stat    = chart.stat
          period  = 300
          metrics = chart.metrics
        }
      }
    ]
  ])
}

resource "aws_cloudwatch_dashboard" "refresh" {
  dashboard_name = var.function_name
  dashboard_body = jsonencode({ widgets = local.widgets })
}
