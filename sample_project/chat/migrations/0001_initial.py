"""Rooms, memberships and messages."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import chat.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "delivered",
                    models.PositiveBigIntegerField(
                        default=0, help_text="newest message id received"
                    ),
                ),
                (
                    "read",
                    models.PositiveBigIntegerField(default=0, help_text="newest message id seen"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Room",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(unique=True)),
                ("name", models.CharField(max_length=60)),
                ("topic", models.CharField(blank=True, max_length=200)),
                ("is_open", models.BooleanField(default=True, verbose_name="anyone may join")),
                (
                    "members",
                    models.ManyToManyField(
                        related_name="rooms", through="chat.Membership", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="room",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="chat.room"),
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("image", models.FileField(blank=True, upload_to=chat.models.image_path)),
                ("image_type", models.CharField(blank=True, max_length=20)),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("client_id", models.CharField(max_length=40)),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="chat.room",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["room", "id"], name="chat_messag_room_id_12c833_idx")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("author", "client_id"), name="one_message_per_client_id"
                    )
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("room", "user"), name="one_membership_per_user"
            ),
        ),
    ]
