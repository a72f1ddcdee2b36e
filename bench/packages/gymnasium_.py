"""gymnasium: some steps of CartPole."""

import gymnasium as gym

env = gym.make("CartPole-v1")
env.reset(seed=0)
print([round(float(env.step(i % 2)[0][1]), 5) for i in range(4)])
