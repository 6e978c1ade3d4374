import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Map;
import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.metastore.api.FieldSchema;
import org.apache.hadoop.hive.ql.Context;
import org.apache.hadoop.hive.ql.metadata.Table;
import org.apache.hadoop.hive.ql.parse.ASTNode;
import org.apache.hadoop.hive.ql.parse.BaseSemanticAnalyzer;
import org.apache.hadoop.hive.ql.parse.DDLSemanticAnalyzer;
import org.apache.hadoop.hive.ql.parse.HiveParser;
import org.apache.hadoop.hive.ql.parse.ParseUtils;

/**
 * Corpus reads cases, a JSON object a line with an ALTER TABLE … ADD PARTITION
 * as its "statement", and writes each with what Hive understands: "hive" with
 * the "values" and "locations" of its partitions, or with the "error". Nothing
 * is run: it is Hive's own parser, and those methods of its semantic analysis
 * that DDLSemanticAnalyzer.analyzeAlterTableAddParts calls for a partition's
 * specification and location. README.md has the commands.
 *
 * The table's name is the type of its only partition key: db.t_string, db.t_int.
 */
public class Corpus {
  private static final HiveConf CONF = new HiveConf();
  private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

  public static void main(String[] args) throws Exception {
    // A Context asks for the session's folders; nothing is written there.
    CONF.set("_hive.hdfs.session.path", "/nowhere");
    CONF.set("_hive.local.session.path", "/nowhere");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      JsonObject c = new JsonParser().parse(line).getAsJsonObject();
      if (c.has("statement")) {
        c.add("hive", understood(c.get("statement").getAsString()));
      }
      System.out.println(ascii(GSON.toJson(c)));
    }
  }

  private static JsonObject understood(String statement) {
    JsonObject hive = new JsonObject();
    try {
      partitions(ParseUtils.parse(statement, new Context(CONF)), hive);
      return hive;
    } catch (Exception e) {
      JsonObject refused = new JsonObject();
      refused.addProperty("error", e.getClass().getSimpleName() + ": " + e.getMessage());
      return refused;
    }
  }

  private static void partitions(ASTNode root, JsonObject hive) throws Exception {
    ASTNode name = (ASTNode) root.getChild(0);
    ASTNode add = (ASTNode) root.getChild(1);
    if (root.getType() != HiveParser.TOK_ALTERTABLE || add.getType() != HiveParser.TOK_ALTERTABLE_ADDPARTS) {
      throw new IllegalArgumentException("not ADD PARTITION: " + root.dump());
    }
    Table table = tableNamed(BaseSemanticAnalyzer.getUnescapedName(name));
    JsonArray values = new JsonArray();
    JsonArray locations = new JsonArray();
    for (int i = 0; i < add.getChildCount(); i++) {
      ASTNode child = (ASTNode) add.getChild(i);
      switch (child.getType()) {
        case HiveParser.TOK_IFNOTEXISTS:
          break;
        case HiveParser.TOK_PARTSPEC:
          Map<String, String> spec = DDLSemanticAnalyzer.getValidatedPartSpec(table, child, CONF, true);
          values.add(GSON.toJsonTree(spec.values().iterator().next()));
          break;
        case HiveParser.TOK_PARTITIONLOCATION:
          String location = BaseSemanticAnalyzer.unescapeSQLString(child.getChild(0).getText());
          locations.add(GSON.toJsonTree(location));
          break;
        default:
          throw new IllegalArgumentException("unknown child: " + child.dump());
      }
    }
    hive.add("values", values);
    hive.add("locations", locations);
  }

  private static Table tableNamed(String name) {
    Table table = new Table("db", name);
    String type = name.substring(name.lastIndexOf('_') + 1);
    table.setPartCols(Collections.singletonList(new FieldSchema("k", type, "")));
    return table;
  }

  /** ascii writes everything else as \\u…, so that half a surrogate pair survives. */
  private static String ascii(String json) {
    StringBuilder b = new StringBuilder();
    for (char c : json.toCharArray()) {
      b.append(c < 0x7f ? String.valueOf(c) : String.format("\\u%04x", (int) c));
    }
    return b.toString();
  }
}
