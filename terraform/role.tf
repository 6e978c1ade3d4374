# What the function may do: the calls that it makes, and those that Athena makes
# for it, on the resources that the configuration names. A test of cmd/lambda
# holds the calls that it really makes against this list.

locals {
  glue      = "arn:${local.partition}:glue:${local.here}"
  catalog   = "${local.glue}:catalog"
  database  = "${local.glue}:database/${var.database_name}"
  any_table = "${local.glue}:table/${var.database_name}/*"
  tables    = var.tables == null ? [local.any_table] : [for t in var.tables : "${local.glue}:table/${var.database_name}/${t}"]

  athena = var.catalog == "athena"

  # Those that list no names of the configuration's.
  statements = concat(
    [
      {
        # It sends to its own queue what it is invoked with directly and can't
        # settle now.
        Sid = "Queue"
        Action = [
          "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage", "sqs:SendMessage",
        ]
        Resource = [local.queue_arn]
      },
      {
        Sid      = "Park"
        Action   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
        Resource = [local.dead_letter_queue_arn]
      },
      {
        Sid      = "Log"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["arn:${local.partition}:logs:${local.here}:log-group:/aws/lambda/${var.function_name}:*"]
      },
    ],
    length(local.tables) == 0 ? [] : [
      {
        # Tables that aren't there share a listing, and so do many that are read
        # for the first time at once; reconcile asks for one too. A listing is of
        # the whole database, or it is refused, and then every table waits.
        Sid      = "ListTables"
        Action   = ["glue:GetTables"]
        Resource = [local.catalog, local.database, local.any_table]
      },
    ],
    local.athena ? [
      {
        Sid      = "Statements"
        Action   = ["athena:BatchGetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"]
        Resource = ["arn:${local.partition}:athena:${local.here}:workgroup/${var.workgroup_name}"]
      },
      {
        Sid      = "ResultsBucket"
        Action   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
        Resource = [local.results_bucket_arn]
      },
      {
        Sid      = "Results"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = ["${local.results_bucket_arn}/${local.results_folder}*"]
      },
      {
        # SHOW DATABASES, by which the function sees that its own is there, is
        # refused without this. (Athena user guide, "Fine-grained access to
        # databases and tables in the AWS Glue Data Catalog".)
        Sid      = "ListDatabases"
        Action   = ["glue:GetDatabases"]
        Resource = [local.catalog, "${local.glue}:database/*"]
      },
      {
        # Athena asks for these of whoever runs DDL. (There, "Mandatory".)
        Sid      = "DefaultDatabase"
        Action   = ["glue:CreateDatabase", "glue:GetDatabase"]
        Resource = [local.catalog, "${local.glue}:database/default"]
      },
    ] : [],
    var.kms_key_arn == null ? [] : [
      {
        Sid      = "Key"
        Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource = [var.kms_key_arn]
      },
    ],
    length(var.former_kms_key_arns) == 0 ? [] : [
      {
        Sid      = "FormerKeys"
        Action   = ["kms:Decrypt"]
        Resource = var.former_kms_key_arns
      },
    ],
  )

  # In every width (limits.tf).
  role_policies = [
    for w in local.widths : jsonencode({
      Version = "2012-10-17"
      Statement = [
        for s in concat(local.statements, [
          {
            # A right on a partition is one on its table, on the database and on
            # the catalog, and can't be narrower.
            Sid = "Partitions"
            Action = concat(
              ["glue:BatchCreatePartition", "glue:BatchGetPartition", "glue:GetDatabase", "glue:GetPartition", "glue:GetTable"],
              local.athena ? ["glue:CreatePartition", "glue:GetPartitions"] : [], # DDL's
            )
            Resource = concat([local.catalog, local.database], w.tables)
          },
          {
            # Reconcile lists the buckets, and so does whoever looks whether a
            # folder that Athena refuses is empty. Neither reads an object. DDL
            # asks where a bucket is.
            Sid      = "List"
            Action   = concat(["s3:ListBucket"], local.athena ? ["s3:GetBucketLocation"] : [])
            Resource = [for b in w.buckets : "${local.bucket_arn}${b}"]
          },
          ], local.athena ? [
          {
            # DDL looks at a partition's folder, which may be an object.
            Sid      = "Folders"
            Action   = ["s3:GetObject"]
            Resource = [for b in w.buckets : "${local.bucket_arn}${b}/*"]
          },
        ] : []) : merge(s, { Effect = "Allow" })
      ]
    })
  ]
}

resource "aws_iam_role" "function" {
  name        = var.function_name
  description = "The function ${var.function_name}"
  tags        = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  name = "athena-refresh"
  role = aws_iam_role.function.id

  policy = local.role_policy

  lifecycle {
    precondition {
      condition     = length(local.role_fits) > 0
      error_message = "IAM takes 10,240 characters of inline policies in a role, and the function's would have ${length(local.role_policy)}: former_kms_key_arns names too many."
    }
  }
}
