# The dashboard to look at when an alarm rings: the charts of metrics.tf.json, three
# a row. In the first row are the three counts that have to go side by side, in
# the last ones the function's own metrics.

locals {
  rows = [for row in local.listed_rows : row if var.enable_metrics || !anytrue([for chart in row : chart.series[0].about == "own_queue"])]

  widgets = flatten([
    for y, row in local.rows : [
      for x, chart in row : {
        type   = "metric"
        x      = x * 24 / length(row)
        y      = y * 6
        width  = 24 / length(row)
        height = 6
        properties = {
          title  = chart.title
          region = var.region
          view   = "timeSeries"
          stat   = chart.stat
          period = 300
          metrics = [
            for s in chart.series : concat(
              [s.namespace, s.metric], flatten([for name, value in local.things[s.about] : [name, value]]),
              [for other in [{ stat = s.stat }] : other if s.stat != chart.stat],
            )
          ]
        }
      }
    ]
  ])
}

resource "aws_cloudwatch_dashboard" "refresh" {
  dashboard_name = var.function_name
  dashboard_body = jsonencode({ widgets = local.widgets })
}
