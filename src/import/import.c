/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of an import: text, statements, model, configuration.  The first half can fail and
 * touches nothing; the second cannot.  Vyatta's language is ours and needs no model.
 */
#include "import/import.h"

#include <errno.h>

#include "import/blocks.h"
#include "import/config_boot.h"
#include "import/keepalived.h"
#include "import/vyatta.h"
#include "import/vyos.h"
#include "import/write.h"

int
import_keepalived(struct ly_ctx *schema, const struct source *source, struct lyd_node **tree,
                  struct findings *findings)
{
	struct statement *root = blocks_read(source, findings);
	struct model model = {
		.findings = findings,
		.program = "keepalived",
		.script_default = "keepalived_script, or without that root",
	};

	if (!root)
		return -EINVAL;
	keepalived_read(&model, root);
	write_model(schema, &model, tree);
	model_done(&model);
	statement_free(root);
	return 0;
}

int
import_vyatta(struct ly_ctx *schema, const struct source *source, struct lyd_node **tree,
              struct findings *findings)
{
	struct statement *root = config_boot_read(source, NULL, findings);

	if (!root)
		return -EINVAL;
	vyatta_take(schema, root, tree, findings);
	statement_free(root);
	return 0;
}

int
import_vyos(struct ly_ctx *schema, const struct source *source, struct lyd_node **tree,
            struct findings *findings)
{
	static const char *const wanted[] = { "high-availability", "interfaces", "protocols",
	                                      "service", NULL };
	struct statement *root = config_boot_read(source, wanted, findings);
	struct model model = {
		.findings = findings, .program = "VyOS", .script_default = "root",
	};

	if (!root)
		return -EINVAL;
	vyos_read(&model, root);
	write_model(schema, &model, tree);
	model_done(&model);
	statement_free(root);
	return 0;
}
