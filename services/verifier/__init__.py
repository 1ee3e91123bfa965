"""The verifier: is the person who asks the person they say they are?"""
