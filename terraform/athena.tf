# The database, the work group, and the bucket for results.

resource "aws_glue_catalog_database" "tables" {
  name        = var.database_name
  description = "Logs and alerts; partitions are added by ${var.function_name}"
  tags        = var.tags

  lifecycle {
    # Deleting a database deletes its tables, all that is known of where the
    # data is and how it is read. To let go of it:
    # terraform state rm <module>.aws_glue_catalog_database.tables
    prevent_destroy = true
  }
}

resource "aws_athena_workgroup" "refresh" {
  name          = var.workgroup_name
  description   = "Statements of ${var.function_name}, and searches"
  force_destroy = true # its history is no reason to stay

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true

    result_configuration {
      output_location = local.results_location

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }

  tags = var.tags
}

resource "aws_s3_bucket" "results" {
  bucket        = var.results_bucket
  force_destroy = var.force_destroy_results
  tags          = var.tags
}

resource "aws_s3_bucket_ownership_controls" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "results" {
  bucket                  = aws_s3_bucket.results.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    bucket_key_enabled = var.kms_key_arn == null ? null : true

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

# Every statement leaves a small file, every search its result: for looking at
# today, not for keeping.
resource "aws_s3_bucket_lifecycle_configuration" "results" {
  bucket = aws_s3_bucket.results.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 30
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "results" {
  bucket = aws_s3_bucket.results.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTLS"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.results_bucket_arn, "${local.results_bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  # S3 refuses both at once: "a conflicting conditional operation".
  depends_on = [aws_s3_bucket_public_access_block.results]
}
